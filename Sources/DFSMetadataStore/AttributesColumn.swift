import DFSCore

/// How `files.attributes` keeps attributes: a JSON object of texts in one certain form, so that equal attributes are equal
/// bytes, and SQLite's own JSON functions read it.
///
/// Names in the order of their bytes, no blanks; `"` and `\` stand behind a `\`, each byte below 0x20 as `\u00` and two
/// lower-case hexadecimal digits; all else stands for itself. NULL where there are none.
enum AttributesColumn {
    static func text(of attributes: FileAttributes) -> String? {
        guard !attributes.isEmpty else { return nil }
        let members = attributes.all.map { encoded($0.name) + ":" + encoded($0.value) }
        return "{" + members.joined(separator: ",") + "}"
    }

    /// - Returns: `nil` where the text is not what ``text(of:)`` makes.
    static func attributes(in text: String?) -> FileAttributes? {
        guard let text else { return FileAttributes() }
        var reader = Reader(rest: Array(text.utf8)[...])
        guard let pairs = reader.object(), let attributes = try? FileAttributes(pairs),
            let again = self.text(of: attributes), again.utf8.elementsEqual(text.utf8)
        else { return nil }
        return attributes
    }

    private static func encoded(_ text: String) -> String {
        var bytes = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case ..<0x20: bytes += Array("\\u".utf8) + Array(hex(UInt64(byte), digits: 4).utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Takes the form apart; what it lets through is compared with what would have been written.
    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func object() -> [(String, String)]? {
            guard take("{") else { return nil }
            var pairs: [(String, String)] = []
            repeat {
                guard let name = string(), take(":"), let value = string() else { return nil }
                pairs.append((name, value))
            } while take(",")
            return take("}") && rest.isEmpty ? pairs : nil
        }

        private mutating func take(_ sign: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: sign) else { return false }
            rest.removeFirst()
            return true
        }

        private mutating func string() -> String? {
            guard take("\"") else { return nil }
            var bytes: [UInt8] = []
            while let byte = rest.popFirst() {
                switch byte {
                case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
                case UInt8(ascii: "\\"):
                    guard let escaped = escaped() else { return nil }
                    bytes.append(escaped)
                default: bytes.append(byte)
                }
            }
            return nil
        }

        private mutating func escaped() -> UInt8? {
            guard let kind = rest.popFirst() else { return nil }
            guard kind == UInt8(ascii: "u") else { return kind }
            let digits = rest.prefix(4)
            rest = rest.dropFirst(4)
            return UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
        }
    }
}
