import DFSCore
import Testing

@testable import DFSMetadata

/// What a look at one path tells beside what listings show.
@Suite struct FileFactsTests {
    private static let chunkSize = 1000

    /// A file of these bytes, and what its master is asked with.
    private func master(with bytes: [UInt8]) throws -> MasterHarness {
        var policy = ClusterPolicy.withoutSafeMode
        policy.chunkSize = UInt64(Self.chunkSize)
        var master = MasterHarness(policy: policy)
        try master.join(.swift, ":1", ":2")
        let upload = try master.create("d/f").answer.upload()
        var written: [WrittenChunk] = []
        for (index, start) in stride(from: 0, to: max(1, bytes.count), by: Self.chunkSize).enumerated() {
            let piece = bytes[start..<min(start + Self.chunkSize, bytes.count)]
            let (id, servers) = try master.allocate("d/f", index, upload: upload).answer.allocation()
            written.append(
                WrittenChunk(
                    id: id, digest: Digest(length: UInt64(piece.count), crc32c: CRC32C.of(piece)),
                    servers: try servers.map { try ServerAddress($0) }))
        }
        #expect(master.complete(upload, written).answer.code == nil)
        return master
    }

    @Test(arguments: [0, 1, 999, 1000, 1001, 5000, 5123])
    func theChecksumOfAFileIsThatOfItsBytes(byteCount: Int) throws {
        let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 / 256) }
        var master = try master(with: bytes)
        for _ in 0..<2 {
            let status = try master.status("d/f")
            #expect(status.crc32c == CRC32C.of(bytes))
            #expect(status.length == UInt64(byteCount))
            master.restart()
        }
    }

    @Test func onlyALookAtOneFileAsksForItsChecksum() throws {
        var master = try master(with: [1, 2, 3])
        #expect(try master.status("d").crc32c == nil)
        guard case .listed(let nodes, false) = try master.ask(.list, "d").get() else { throw WrongAnswer() }
        #expect(nodes.map(\.name) == ["f"])
        #expect(nodes.map(\.crc32c) == [nil])
    }
}
