import DFSCore
import Logging

/// A log line as Go's `slog.TextHandler` writes it: `time=... level=INFO msg="chunk stored" chunk=a_0`.
enum TextLine {
    static func make(
        time: WallTime, level: Logger.Level, message: String,
        attributes: [(key: String, value: Logger.MetadataValue)]
    ) -> String {
        var line = "time=\(time.milliseconds) level=\(level.goName) msg=\(quotedIfNeeded(message))"
        for (key, value) in attributes { append(value, named: key, to: &line) }
        return line
    }

    /// A dictionary becomes a group: `key.inner=value`.
    private static func append(_ value: Logger.MetadataValue, named key: String, to line: inout String) {
        if case .dictionary(let group) = value {
            for (inner, value) in group.sorted(by: { $0.key < $1.key }) {
                append(value, named: "\(key).\(inner)", to: &line)
            }
            return
        }
        line += " \(quotedIfNeeded(key))=\(quotedIfNeeded(plain(value)))"
    }

    private static func plain(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let text): text
        case .stringConvertible(let text): text.description
        case .array(let values): "[" + values.map(plain).joined(separator: " ") + "]"
        case .dictionary(let group):
            "map[" + group.sorted { $0.key < $1.key }.map { "\($0.key):\(plain($0.value))" }.joined(separator: " ")
                + "]"
        }
    }

    /// slog's rule: quoted when empty or when it holds a space, `=`, `"` or what does not print.
    static func quotedIfNeeded(_ text: String) -> String {
        if text.isEmpty { return "\"\"" }
        let needsQuotes = text.unicodeScalars.contains { $0 == " " || $0 == "=" || $0 == "\"" || !isPrintable($0) }
        return needsQuotes ? goQuoted(text) : text
    }

    /// Go's `strconv.Quote`.
    private static func goQuoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{07}": result += "\\a"
            case "\u{08}": result += "\\b"
            case "\u{0C}": result += "\\f"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0B}": result += "\\v"
            case _ where isPrintable(scalar): result.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x80: result += "\\x" + hex(UInt64(scalar.value), digits: 2)
            case _ where scalar.value < 0x10000: result += "\\u" + hex(UInt64(scalar.value), digits: 4)
            default: result += "\\U" + hex(UInt64(scalar.value), digits: 8)
            }
        }
        return result + "\""
    }

    /// Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return (0x20..<0x7F).contains(scalar.value) }
        switch scalar.properties.generalCategory {
        case .spaceSeparator, .lineSeparator, .paragraphSeparator, .control, .format, .surrogate, .privateUse,
            .unassigned:
            return false
        default: return scalar != "\u{FFFD}"
        }
    }
}
