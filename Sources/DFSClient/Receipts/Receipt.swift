import DFSCore

/// What a put was told, kept so that it can be proven later: the file, its chunks, and the servers that made each durable.
///
/// A line of JSON; `docs/formats/receipt.md` has its members.
public struct Receipt: Sendable, Equatable {
    /// The version of the form that is written.
    static let version = 1

    /// The cluster's id; empty from a Go master, which has none.
    public let clusterID: String
    /// The file's name when it was put.
    public let name: String
    /// Bytes in the file.
    public let length: Int
    /// CRC-32C of the whole file.
    public let crc32c: UInt32
    /// When the put had ended, in seconds since 1970 by the client's clock.
    public let storedAt: Int
    /// In order of the file.
    public let chunks: [PutChunk]

    init(_ result: PutResult) {
        clusterID = result.clusterID
        name = result.name
        length = result.length
        crc32c = result.crc32c
        storedAt = result.storedAt
        chunks = result.chunks
    }

    /// Reads a line of a receipt file.
    ///
    /// - Throws: ``DFSError`` of code `invalidArgument` for what is no receipt, or one whose sums do not agree with each
    ///   other, so that it was damaged; of code `unimplemented` for one of a newer form.
    public init(line: String) throws(DFSError) {
        let object = try JSONText(parsing: line)
        guard let version = object["receipt"]?.asNumber else { throw Self.malformed("member receipt") }
        guard version == Self.version else {
            throw DFSError(.unimplemented, "a receipt of form \(version); this client knows form \(Self.version)")
        }
        clusterID = try Self.text(object, "cluster")
        name = try FileName(Self.text(object, "name")).text
        length = try Self.number(object, "length")
        crc32c = try Self.checksum(object)
        storedAt = try Self.number(object, "storedAt")
        chunks = try Self.chunks(object)
        try checkSums()
    }

    private static func chunks(_ object: JSONText) throws(DFSError) -> [PutChunk] {
        guard let list = object["chunks"]?.asList else { throw malformed("member chunks") }
        var chunks: [PutChunk] = []
        for chunk in list {
            chunks.append(
                PutChunk(
                    id: try ChunkID(text(chunk, "id")).text, length: try number(chunk, "length"),
                    crc32c: try checksum(chunk), durableOn: try servers(chunk, "durableOn"),
                    syncedUnverifiedOn: try servers(chunk, "syncedUnverifiedOn")))
        }
        return chunks
    }

    private func checkSums() throws(DFSError) {
        var pieces = CRC32C.Pieces()
        var left = length
        for chunk in chunks {
            pieces.append(chunk.crc32c, byteCount: UInt64(chunk.length))
            if chunk.length > left { break }
            left -= chunk.length
        }
        guard left == 0, pieces.value == crc32c, Set(chunks.map(\.id)).count == chunks.count else {
            throw DFSError(.invalidArgument, "this is a receipt whose chunks are not its file: it was damaged")
        }
    }

    /// The receipt on one line, without a newline.
    public var line: String {
        JSONText.object([
            ("receipt", .number(Self.version)), ("cluster", .text(clusterID)), ("name", .text(name)),
            ("length", .number(length)), ("crc32c", .text(hex(UInt64(crc32c), digits: 8))),
            ("storedAt", .number(storedAt)),
            (
                "chunks",
                .list(
                    chunks.map { chunk in
                        .members([
                            ("id", .text(chunk.id)), ("length", .number(chunk.length)),
                            ("crc32c", .text(hex(UInt64(chunk.crc32c), digits: 8))),
                            ("durableOn", .list(chunk.durableOn.map { .text($0) })),
                            ("syncedUnverifiedOn", .list(chunk.syncedUnverifiedOn.map { .text($0) })),
                        ])
                    })
            ),
        ])
    }

    private static func malformed(_ what: String) -> DFSError {
        DFSError(.invalidArgument, "this is no receipt of a put: it has no \(what) as it must be")
    }

    private static func text(_ object: JSONText, _ name: String) throws(DFSError) -> String {
        guard let text = object[name]?.asText else { throw malformed("member \(name)") }
        return text
    }

    private static func number(_ object: JSONText, _ name: String) throws(DFSError) -> Int {
        guard let number = object[name]?.asNumber, number >= 0 else { throw malformed("member \(name)") }
        return number
    }

    private static func checksum(_ object: JSONText) throws(DFSError) -> UInt32 {
        let digits = try text(object, "crc32c")
        guard digits.utf8.count == 8, let value = UInt32(digits, radix: 16), hex(UInt64(value), digits: 8) == digits
        else { throw malformed("member crc32c") }
        return value
    }

    private static func servers(_ object: JSONText, _ name: String) throws(DFSError) -> [String] {
        guard let list = object[name]?.asList else { throw malformed("member \(name)") }
        var servers: [String] = []
        for element in list {
            guard let text = element.asText else { throw malformed("member \(name)") }
            servers.append(text)
        }
        return servers
    }
}
