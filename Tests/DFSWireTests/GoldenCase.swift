import Foundation
import Testing

/// One message as real peers encoded it: `Tests/Interop/golden/messages.txt`, whose README says how it was captured.
struct GoldenCase: CustomTestStringConvertible, Sendable {
    let name: String
    let type: String
    /// The value in proto3 JSON.
    let json: String
    /// The encodings of Go and Python; one where they agree.
    let encodings: [[UInt8]]

    var testDescription: String { name }

    /// Empty where the file cannot be read; a test asserts that it is not.
    static let all: [GoldenCase] = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = folder.appending(path: "Interop/golden/messages.txt")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
        return text.components(separatedBy: "\n\n").compactMap(parse)
    }()

    private static func parse(_ block: String) -> GoldenCase? {
        var values: [Substring: String] = [:]
        var encodings: [[UInt8]] = []
        for line in block.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count == 2 ? String(parts[1]) : ""
            if parts[0] == "hex" { encodings.append(bytes(hex: value)) } else { values[parts[0]] = value }
        }
        guard let name = values["case"], let type = values["type"], let json = values["json"] else { return nil }
        return GoldenCase(name: name, type: type, json: json, encodings: encodings)
    }

    private static func bytes(hex: String) -> [UInt8] {
        let digits = hex.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
