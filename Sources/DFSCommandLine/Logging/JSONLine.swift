import DFSCore
import Logging

/// A log line as Go's `slog.JSONHandler` writes it: `{"time":"...","level":"INFO","msg":"...","key":"value"}`.
package enum JSONLine {
    static func make(
        time: WallTime, level: Logger.Level, message: String,
        attributes: [(key: String, value: Logger.MetadataValue)]
    ) -> String {
        var line = "{\"time\":\(string(time.shortest)),\"level\":\(string(level.goName)),\"msg\":\(string(message))"
        for (key, value) in attributes { line += ",\(string(key)):\(json(value))" }
        return line + "}"
    }

    private static func json(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let text): string(text)
        case .stringConvertible(let text): string(text.description)
        case .array(let values): "[" + values.map(json).joined(separator: ",") + "]"
        case .dictionary(let group):
            "{" + group.sorted { $0.key < $1.key }.map { "\(string($0.key)):\(json($0.value))" }.joined(separator: ",")
                + "}"
        }
    }

    /// RFC 8259 §7; the two line separators that JavaScript trips over are escaped too, as Go does.
    package static func string(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{08}": result += "\\b"
            case "\u{0C}": result += "\\f"
            case _ where scalar.value < 0x20, "\u{2028}", "\u{2029}":
                result += "\\u" + hex(UInt64(scalar.value), digits: 4)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
