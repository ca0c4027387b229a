import DFSCore
import DFSFiles
import DFSServices
import DFSSimulation
import DFSWire
import Foundation
import Logging
import NIOCore
import NIOPosix
import RPC
import Testing

@testable import DFSChunkServer

/// Event loops of all tests; never shut down.
let testGroup = MultiThreadedEventLoopGroup(numberOfThreads: 2)

/// A chunk server on loopback with a folder of its own, and a peer that talks to it.
struct ServerUnderTest: Sendable {
    let server: ChunkServer
    let port: UInt16
    let folder: String
    let peer: Peer
}

/// Starts a server, runs `body`, stops it and removes its folder.
func withServer(
    masterPort: UInt16 = 1, interval: Duration = .milliseconds(50), folder: String? = nil,
    files: any FileSystem = PosixFileSystem(), change: (inout ChunkServerSettings) -> Void = { _ in },
    _ body: (ServerUnderTest) async throws -> Void
) async throws {
    let ownFolder = NSTemporaryDirectory() + "dfs-chunkserver-" + UUID().uuidString
    var settings = ChunkServerSettings()
    settings.listen = ServerAddress(host: "127.0.0.1", port: 0)
    settings.master = ServerAddress(host: "127.0.0.1", port: masterPort)
    settings.folder = folder ?? ownFolder
    settings.heartbeatInterval = interval
    settings.files = files
    settings.scrub.bytesPerSecond = 0
    change(&settings)
    var logger = Logger(label: "chunkserver")
    logger.logLevel = .critical
    let server = ChunkServer(settings: settings, logger: logger)
    defer { try? FileManager.default.removeItem(atPath: ownFolder) }
    do {
        let port = try await server.start()
        let peer = Peer(
            address: ServerAddress(host: "127.0.0.1", port: port), role: "chunk server", group: testGroup,
            logger: logger)
        try await body(ServerUnderTest(server: server, port: port, folder: settings.folder, peer: peer))
        await peer.channel.close()
    } catch {
        await server.stop()
        throw error
    }
    await server.stop()
}

/// Bytes that differ by `seed` and in every block of 1,000.
func content(_ count: Int, seed: Int = 1) -> [UInt8] {
    var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: seed), count: count)
    for block in 0..<(count + 999) / 1000 {
        bytes[block * 1000] = UInt8(truncatingIfNeeded: block)
        if block * 1000 + 1 < count { bytes[block * 1000 + 1] = UInt8(truncatingIfNeeded: block >> 8) }
    }
    return bytes
}

extension ServerUnderTest {
    /// What a client of any kind can do: raw messages.
    func upload(
        _ id: String, _ bytes: [UInt8], dataSize: Int = 64 << 10, metadata: Metadata = [:], checksums: Bool = false
    ) async throws {
        let encoder = ChunkDataEncoder(chunkID: id)
        let status = try await peer.channel.withCall(Methods.uploadChunk, CallOptions(metadata: metadata)) { call in
            var seqNo: Int32 = 0
            for start in stride(from: 0, to: max(1, bytes.count), by: dataSize) {
                let data = ByteBuffer(bytes: bytes[start..<min(bytes.count, start + dataSize)])
                let crc = checksums ? CRC32C.of(data.readableBytesView) : 0
                try await call.send(RPCMessage(segments: encoder.encode(data: data, seqNo: seqNo, checksum: crc)))
                seqNo += 1
            }
            call.finishSending()
            let status = try await call.receive(UploadChunkStatus.self)
            _ = try await call.receive()
            return status
        }
        #expect(status == UploadChunkStatus(success: true))
    }

    struct Download: Sendable {
        var bytes: [UInt8] = []
        var sizes: [Int] = []
        /// Of each message: the checksum that it came with, and the one of its data.
        var checksums: [UInt32] = []
        var computed: [UInt32] = []
        var metadata: Metadata = [:]
    }

    func download(_ id: String, metadata: Metadata = [:]) async throws -> Download {
        try await peer.channel.withCall(Methods.downloadChunk, CallOptions(metadata: metadata)) { call in
            try await call.send(DownloadChunkRequest(chunkID: id))
            call.finishSending()
            var download = Download()
            while let message = try await call.receive() {
                let frame = try ChunkDataDecoder.decode(message.segments)
                #expect(frame.chunkID == id)
                #expect(frame.seqNo == download.sizes.count)
                download.sizes.append(frame.dataByteCount)
                download.checksums.append(frame.checksum)
                download.computed.append(frame.computedChecksum)
                for segment in frame.data { download.bytes += Array(segment.readableBytesView) }
            }
            download.metadata = try await call.initialMetadata()
            return download
        }
    }

    /// Names in the folder, and those of unfinished uploads.
    func names() throws -> [String] {
        try PosixFileSystem().names(inFolder: folder).filter { $0 != ".dfs" }.sorted()
            + PosixFileSystem().names(inFolder: "\(folder)/.dfs/tmp")
    }
}

/// Expects `body` to end with this status code.
func expect(_ code: RPCCode, _ location: SourceLocation = #_sourceLocation, _ body: () async throws -> Void) async {
    do {
        try await body()
        Issue.record("succeeded, where \(code) was expected", sourceLocation: location)
    } catch {
        #expect((error as? RPCError)?.code == code, "\(error)", sourceLocation: location)
    }
}
