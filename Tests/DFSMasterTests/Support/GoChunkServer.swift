import DFSCore
import DFSServices
import DFSWire
import NIOCore
import NIOPosix
import RPC
import Synchronization

@testable import DFSMaster

/// Answers as a Go chunk server does: DownloadChunk of what it holds, and nothing of ours.
final class GoChunkServer: Sendable {
    private let chunks = Mutex<[String: ByteBuffer]>([:])
    private let server = Mutex<RPCServer?>(nil)

    func put(_ id: String, _ bytes: ByteBuffer) { chunks.withLock { $0[id] = bytes } }

    /// Listens on a free port.
    func start(_ group: any EventLoopGroup) async throws -> ServerAddress {
        var routes = ServiceRoutes()
        routes.streaming(Methods.downloadChunk) { [self] call in
            guard let request = try await call.receive(DownloadChunkRequest.self),
                var rest = chunks.withLock({ $0[request.chunkID] })
            else { throw RPCError(.unknown, "open: no such file or directory") }
            let encoder = ChunkDataEncoder(chunkID: request.chunkID)
            var number: Int32 = 0
            while let piece = rest.readSlice(length: min(64 << 10, rest.readableBytes)), piece.readableBytes > 0 {
                try await call.send(RPCMessage(segments: encoder.encode(data: piece, seqNo: number, checksum: 0)))
                number += 1
            }
        }
        let server = RPCServer(routes: routes, configuration: .init(), group: group, logger: quiet)
        self.server.withLock { $0 = server }
        return ServerAddress(host: "127.0.0.1", port: try await server.listen(host: "127.0.0.1", port: 0))
    }

    func stop() async {
        await server.withLock { $0 }?.shutdown(grace: .zero)
    }
}
