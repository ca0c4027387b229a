import Foundation
import NIOCore

/// A message's value in a form that both a Swift struct and proto3 JSON can be brought to; unset fields are left out.
indirect enum CanonicalValue: Equatable {
    case text(String)
    case bytes([UInt8])
    case list([CanonicalValue])
    case fields([String: CanonicalValue])

    /// Of a Swift message, by its stored properties.
    init(reflecting value: Any) {
        switch value {
        case let text as String: self = .text(text)
        case let flag as Bool: self = .text(flag ? "true" : "")
        case let number as any BinaryInteger: self = .text("\(number)" == "0" ? "" : "\(number)")
        case let data as [UInt8]: self = .bytes(data)
        case let list as [Any]: self = .list(list.map { CanonicalValue(reflecting: $0) })
        default:
            var fields: [String: CanonicalValue] = [:]
            for child in Mirror(reflecting: value).children {
                fields[(child.label ?? "").lowercased()] = CanonicalValue(reflecting: child.value)
            }
            self = .fields(fields.filter { !$0.value.isUnset })
        }
    }

    /// Of parsed proto3 JSON, as the golden vectors write it.
    init(json value: Any, name: String = "") {
        switch value {
        case let object as [String: Any]:
            var fields: [String: CanonicalValue] = [:]
            for (name, value) in object { fields[name.lowercased()] = CanonicalValue(json: value, name: name) }
            self = .fields(fields.filter { !$0.value.isUnset })
        case let list as [Any]: self = .list(list.map { CanonicalValue(json: $0) })
        case let text as String where name == "data": self = .bytes(Self.data(text))
        case let text as String: self = .text(text == "0" && name != "" ? "" : text)
        case let number as NSNumber:
            let isFlag = ["success", "digestKnown"].contains(name)
            self = .text(isFlag ? (number.boolValue ? "true" : "") : number.int64Value == 0 ? "" : "\(number)")
        default: self = .text("")
        }
    }

    private var isUnset: Bool {
        switch self {
        case .text(let text): text.isEmpty
        case .bytes(let bytes): bytes.isEmpty
        case .list(let list): list.isEmpty
        case .fields(let fields): fields.isEmpty
        }
    }

    /// Base64, or `pattern:<n>`: n bytes where byte i is i * 7 mod 251.
    private static func data(_ text: String) -> [UInt8] {
        if text.hasPrefix("pattern:"), let count = Int(text.dropFirst(8)) {
            return (0..<count).map { UInt8($0 * 7 % 251) }
        }
        return Data(base64Encoded: text).map { [UInt8]($0) } ?? []
    }
}
