import DFSCore

@testable import DFSMetadata

/// One input line, taken apart.
struct TranscriptLine {
    let verb: String
    private var words: [String]
    private var options: [String: String] = [:]

    init(_ line: String) {
        var words: [String] = []
        for word in line.split(separator: " ").map(String.init) {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { options[parts[0]] = parts[1] } else { words.append(word) }
        }
        verb = words.removeFirst()
        self.words = words
    }

    func option(_ name: String) -> String? { options[name] }

    func number(_ name: String) -> UInt64? { options[name].flatMap { UInt64($0) } }

    mutating func next() throws -> String {
        guard !words.isEmpty else { throw WrongAnswer() }
        return words.removeFirst()
    }

    mutating func chunks() throws -> [ChunkID] {
        defer { words = [] }
        return try words.map { try ChunkID($0) }
    }

    /// `<chunk>:<length>/<crc>[@<server>,...]`
    mutating func digests() throws -> [WrittenChunk] {
        defer { words = [] }
        return try words.map { word in
            let parts = word.split(separator: "@", maxSplits: 1).map(String.init)
            guard let colon = parts[0].lastIndex(of: ":") else { throw WrongAnswer() }
            let servers =
                parts.count > 1 ? try parts[1].split(separator: ",").map { try ServerAddress(String($0)) } : []
            return WrittenChunk(
                id: try ChunkID(String(parts[0][..<colon])),
                digest: try Self.digest(String(parts[0][parts[0].index(after: colon)...])), servers: servers)
        }
    }

    mutating func finding() throws -> Finding {
        switch try next() {
        case "absent": .absent
        case "unreachable": .unreachable
        case let text: .read(try Self.digest(text))
        }
    }

    private static func digest(_ text: String) throws -> Digest {
        let numbers = text.split(separator: "/").map { UInt64($0) ?? 0 }
        guard numbers.count == 2 else { throw WrongAnswer() }
        return Digest(length: numbers[0], crc32c: UInt32(truncatingIfNeeded: numbers[1]))
    }
}
