/// A value of JSON (RFC 8259), as listings and receipts are made of. Numbers are whole.
package enum JSONText: Sendable, Equatable {
    case text(String)
    case number(Int)
    case flag(Bool)
    /// `null`.
    case null
    case list([JSONText])
    /// In the order in which they are written.
    case members([(String, JSONText)])

    /// The value on one line.
    package var encoded: String {
        switch self {
        case .text(let text): Self.string(text)
        case .number(let number): "\(number)"
        case .flag(let flag): "\(flag)"
        case .null: "null"
        case .list(let elements): "[" + elements.map(\.encoded).joined(separator: ",") + "]"
        case .members(let members): Self.object(members)
        }
    }

    /// An object on one line.
    package static func object(_ members: [(String, JSONText)]) -> String {
        "{" + members.map { "\(string($0.0)):\($0.1.encoded)" }.joined(separator: ",") + "}"
    }

    /// A text between quotes (§7); the two line separators that JavaScript trips over are escaped too, as Go does.
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

    package static func == (left: JSONText, right: JSONText) -> Bool { left.encoded == right.encoded }
}

extension JSONText {
    /// The member of an object; `nil` where there is none, or this is no object.
    package subscript(name: String) -> JSONText? {
        guard case .members(let members) = self else { return nil }
        return members.first { $0.0 == name }?.1
    }

    /// The text that this is.
    package var asText: String? { if case .text(let text) = self { text } else { nil } }

    /// The number that this is.
    package var asNumber: Int? { if case .number(let number) = self { number } else { nil } }

    /// The list that this is.
    package var asList: [JSONText]? { if case .list(let list) = self { list } else { nil } }
}
