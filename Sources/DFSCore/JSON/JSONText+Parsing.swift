extension JSONText {
    /// Reads one value.
    ///
    /// - Throws: ``DFSError`` of code ``DFSError/Code/invalidArgument`` that names the byte where the text is not JSON, or
    ///   not what this system writes: a number that is not whole, an object with a name twice, more than 16 levels.
    package init(parsing text: String) throws(DFSError) {
        var parser = JSONParser(bytes: Array(text.utf8))
        self = try parser.whole()
    }
}

/// Reads JSON from its first byte to its last.
private struct JSONParser {
    private static let maxDepth = 16

    private let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func whole() throws(DFSError) -> JSONText {
        let value = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw unexpected() }
        return value
    }

    private func unexpected() -> DFSError {
        DFSError(.invalidArgument, "this is not the JSON of this system, from byte \(position) on")
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    /// Takes the byte if it is the next one behind spaces.
    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        skipSpace()
        guard next == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ byte: Unicode.Scalar) throws(DFSError) {
        guard take(byte) else { throw unexpected() }
    }

    private mutating func take(word: String) -> Bool {
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    private mutating func value(depth: Int) throws(DFSError) -> JSONText {
        guard depth < Self.maxDepth else { throw unexpected() }
        if take("{") { return .members(try members(depth)) }
        if take("[") { return .list(try elements(depth)) }
        if next == UInt8(ascii: "\"") { return .text(try string()) }
        if take(word: "null") { return .null }
        if take(word: "true") { return .flag(true) }
        if take(word: "false") { return .flag(false) }
        return .number(try number())
    }

    private mutating func members(_ depth: Int) throws(DFSError) -> [(String, JSONText)] {
        var members: [(String, JSONText)] = []
        if take("}") { return members }
        repeat {
            skipSpace()
            let name = try string()
            guard !members.contains(where: { $0.0 == name }) else { throw unexpected() }
            try expect(":")
            members.append((name, try value(depth: depth + 1)))
        } while take(",")
        try expect("}")
        return members
    }

    private mutating func elements(_ depth: Int) throws(DFSError) -> [JSONText] {
        var elements: [JSONText] = []
        if take("]") { return elements }
        repeat { elements.append(try value(depth: depth + 1)) } while take(",")
        try expect("]")
        return elements
    }

    private mutating func number() throws(DFSError) -> Int {
        let start = position
        while let byte = next, byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte) { position += 1 }
        let digits = String(decoding: bytes[start..<position], as: UTF8.self)
        if let number = Int(digits), "\(number)" == digits { return number }
        position = start
        throw unexpected()
    }

    private mutating func string() throws(DFSError) -> String {
        guard next == UInt8(ascii: "\"") else { throw unexpected() }
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                guard let result = String(validating: text, as: UTF8.self) else { throw unexpected() }
                position += 1
                return result
            case UInt8(ascii: "\\"):
                position += 1
                text += String(try escaped()).utf8
            case ..<0x20: throw unexpected()
            default:
                text.append(byte)
                position += 1
            }
        }
        throw unexpected()
    }

    /// The character behind a backslash.
    private mutating func escaped() throws(DFSError) -> Unicode.Scalar {
        guard let byte = next else { throw unexpected() }
        position += 1
        switch Unicode.Scalar(byte) {
        case "\"", "\\", "/": return Unicode.Scalar(byte)
        case "b": return "\u{08}"
        case "f": return "\u{0C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u":
            let first = try unit()
            if let scalar = Unicode.Scalar(first) { return scalar }
            // Characters beyond 16 bits come as two units.
            guard (0xD800..<0xDC00).contains(first), take(word: "\\u") else { throw unexpected() }
            let second = try unit()
            guard (0xDC00..<0xE000).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (UInt32(first) - 0xD800) << 10 + UInt32(second) - 0xDC00)
            else { throw unexpected() }
            return scalar
        default: throw unexpected()
        }
    }

    /// Four hexadecimal digits.
    private mutating func unit() throws(DFSError) -> UInt16 {
        guard position + 4 <= bytes.count else { throw unexpected() }
        let digits = String(decoding: bytes[position..<position + 4], as: UTF8.self)
        guard digits.utf8.first != UInt8(ascii: "+"), let unit = UInt16(digits, radix: 16) else { throw unexpected() }
        position += 4
        return unit
    }
}
