import Foundation

/// What real peers have sent (`Tests/Interop/golden`, whose README has the formats).
struct FuzzCorpus {
    /// Byte streams of clients and of servers, from their first byte.
    private(set) var fromClients: [[UInt8]] = []
    private(set) var fromServers: [[UInt8]] = []
    /// Protobuf messages.
    private(set) var messages: [[UInt8]] = []

    init(folder: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where name.hasSuffix(".txt") {
            let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            if name == "messages.txt" { addMessages(text) } else { addConnections(text) }
        }
    }

    private mutating func addMessages(_ text: String) {
        for line in text.split(separator: "\n") where line.hasPrefix("hex ") {
            messages.append(Self.bytes(hex: line.dropFirst(4)))
        }
    }

    private mutating func addConnections(_ text: String) {
        for line in text.split(separator: "\n") {
            if line.hasPrefix("connection ") {
                fromClients.append([])
                fromServers.append([])
            }
            guard let last = fromClients.indices.last, !line.hasSuffix(" end") else { continue }
            if line.hasPrefix("> ") { fromClients[last] += Self.bytes(hex: line.dropFirst(2)) }
            if line.hasPrefix("< ") { fromServers[last] += Self.bytes(hex: line.dropFirst(2)) }
        }
    }

    private static func bytes(hex: Substring) -> [UInt8] {
        let digits = hex.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
