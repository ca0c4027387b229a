import DFSCore
import DFSServices
import DFSWire
import Logging
import NIOCore
import RPC
import Synchronization

/// A chunk server in memory in place of one in the chain: a Go node, or one of ours that misbehaves.
final class OtherServer: Sendable {
    enum Manner: Sendable {
        /// Knows no Describe, stores whatever comes.
        case go
        /// One of ours that takes the first message and nothing more.
        case standingStill
        /// One of ours that breaks the upload when it has taken this many bytes.
        case breaking(after: Int)
        /// One that takes so many bytes a second; a Go node or one of ours.
        case trickling(Int, isGo: Bool)
        /// One of ours that is older than chains: it stores, and answers without a word of the others.
        case older
    }

    struct Upload: Sendable, Equatable {
        var bytes: [UInt8] = []
        var messageCount = 0
        /// Messages with data whose checksum is right.
        var checkedCount = 0
        var isWhole = false
        var length: String?
    }

    let address: ServerAddress
    private let server: RPCServer
    private let box: Box

    private final class Box: Sendable {
        let uploads = Mutex<[Upload]>([])
    }

    init(_ manner: Manner) async throws {
        let box = Box()
        self.box = box
        var routes = ServiceRoutes()
        switch manner {
        case .go, .trickling(_, isGo: true): break
        default:
            routes.unary(Methods.describe) { (_: DescribeRequest, _) in DescribeResponse(role: "chunkserver") }
        }
        routes.streaming(Methods.uploadChunk) { call in try await Self.take(call, manner, box) }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        server = RPCServer(routes: routes, configuration: .init(), group: testGroup, logger: logger)
        address = ServerAddress(host: "127.0.0.1", port: try await server.listen(host: "127.0.0.1", port: 0))
    }

    /// The uploads that were begun, in order.
    var begun: [Upload] { box.uploads.withLock { $0 } }

    func stop() async { await server.shutdown(grace: .zero) }

    private static func take(_ call: ServerCall, _ manner: Manner, _ box: Box) async throws {
        let number = box.uploads.withLock { uploads in
            uploads.append(Upload(length: call.metadata.first(CallMetadata.length)))
            return uploads.count - 1
        }
        while let message = try await call.receive() {
            let frame = try ChunkDataDecoder.decode(message.segments)
            let count = box.uploads.withLock { uploads in
                for segment in frame.data { uploads[number].bytes += Array(segment.readableBytesView) }
                uploads[number].messageCount += 1
                if frame.dataByteCount > 0, frame.checksum == frame.computedChecksum {
                    uploads[number].checkedCount += 1
                }
                return uploads[number].bytes.count
            }
            switch manner {
            case .go, .older: break
            case .trickling(let rate, _):
                try await Task.sleep(for: .nanoseconds(frame.dataByteCount * 1_000_000_000 / rate))
            case .standingStill: try await Task.sleep(for: .seconds(600))
            case .breaking(let limit): if count >= limit { throw DFSError(.resourceExhausted, "disk full") }
            }
        }
        box.uploads.withLock { $0[number].isWhole = true }
        try await call.send(UploadChunkStatus(success: true))
    }
}
