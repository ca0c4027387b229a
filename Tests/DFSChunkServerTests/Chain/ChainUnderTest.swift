import DFSCore
import DFSServices
import Logging
import NIOCore
import RPC
import Synchronization

@testable import DFSChunkServer

/// Runs `body` with `count` chunk servers of ours.
func withServers(
    _ count: Int, masterPort: UInt16 = 1, change: @escaping (Int, inout ChunkServerSettings) -> Void = { _, _ in },
    _ body: ([ServerUnderTest]) async throws -> Void
) async throws {
    func start(_ running: [ServerUnderTest]) async throws {
        if running.count == count { return try await body(running) }
        try await withServer(masterPort: masterPort, change: { change(running.count, &$0) }) { server in
            try await start(running + [server])
        }
    }
    try await start([])
}

extension ServerUnderTest {
    var address: ServerAddress { ServerAddress(host: "127.0.0.1", port: port) }

    /// What our client does: sends `bytes` here, for this server and those behind it.
    ///
    /// - Parameters:
    ///   - stallLimit: how long the sender waits; servers behind wait for shorter.
    ///   - floor: bytes a second that the first server must take; those behind more.
    ///   - sent: the bytes that have been taken are added to it.
    func send(
        _ id: String, _ bytes: [UInt8], along servers: [ServerAddress], stallLimit: Duration = .seconds(30),
        floor: Int = 0, counting sent: ByteCounter? = nil
    ) async throws -> ChainResult? {
        var settings = TransferSettings()
        settings.stallLimit = stallLimit
        settings.floor = floor
        let request = ChunkUploadRequest(chunkID: try ChunkID(id), length: bytes.count, chain: servers)
        return try await peer.uploadChunk(request, settings: settings) { upload in
            for start in stride(from: 0, to: bytes.count, by: 1 << 20) {
                let piece = bytes[start..<min(bytes.count, start + 1 << 20)]
                try await upload.send(ByteBuffer(bytes: piece), crc32c: CRC32C.of(piece))
                sent?.add(piece.count)
            }
        }.chain
    }

    /// Runs `body` with the same server over a connection of its own.
    func overAnotherConnection<Result: Sendable>(
        _ body: (ServerUnderTest) async throws -> Result
    ) async throws -> Result {
        let peer = Peer(address: address, role: "chunk server", group: testGroup, logger: Logger(label: "test"))
        let result = try await body(ServerUnderTest(server: server, port: port, folder: folder, peer: peer))
        await peer.channel.close()
        return result
    }

    /// The bytes of a chunk, empty where there is none.
    func contents(_ id: String) async throws -> [UInt8] { try await download(id).bytes }
}

/// Counts what several uploads have sent.
final class ByteCounter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }

    func add(_ byteCount: Int) { count.add(byteCount, ordering: .relaxed) }
}

extension ChainResult {
    /// The servers that hold the chunk durably.
    var durable: Set<ServerAddress> { Set(acknowledged.filter { $0.value == .durable }.keys) }
    var synced: Set<ServerAddress> { Set(acknowledged.filter { $0.value == .syncedUnverified }.keys) }
}

/// Waits until `condition` holds, looking again and again; a test that waits in vain ends by its time limit.
func until(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await Task.sleep(for: .milliseconds(5)) }
}
