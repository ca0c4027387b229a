import DFSCore
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Monitoring

@Suite("status pages over HTTP")
struct StatusServerTests {
    private let obstacle = Box(nil)

    private final class Box: Sendable {
        private let text: Mutex<String?>
        init(_ text: String?) { self.text = Mutex(text) }
        var value: String? {
            get { text.withLock { $0 } }
            set { text.withLock { $0 = newValue } }
        }
    }

    private func withServer(_ body: (UInt16) async throws -> Void) async throws {
        let obstacle = obstacle
        let pages = StatusPages(
            metrics: {
                var metrics = MetricsText()
                metrics.single("dfs_test", .gauge, "A number.", 7)
                return metrics
            }, obstacle: { obstacle.value })
        let server = StatusServer(pages: pages, group: MultiThreadedEventLoopGroup.singleton)
        let port = try await server.listen(ServerAddress(host: "127.0.0.1", port: 0))
        do {
            try await body(port)
        } catch {
            await server.close()
            throw error
        }
        await server.close()
    }

    /// Sends bytes and reads until the server closes the connection.
    private func exchange(_ request: String, _ port: UInt16) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: Int(port)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: request))
            var answer = ByteBuffer()
            for try await part in inbound { answer.writeImmutableBuffer(part) }
            return String(buffer: answer)
        }
    }

    private func get(_ path: String, _ port: UInt16) async throws -> String {
        try await exchange("GET \(path) HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", port)
    }

    @Test("metrics, health and readiness are answered, anything else is not found")
    func pages() async throws {
        try await withServer { port in
            let metrics = try await get("/metrics?x=1", port)
            #expect(metrics.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(metrics.contains("content-type: text/plain; version=0.0.4"))
            #expect(metrics.hasSuffix("\r\n\r\n# HELP dfs_test A number.\n# TYPE dfs_test gauge\ndfs_test 7\n"))
            #expect(try await get("/healthz", port).hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(try await get("/readyz", port).hasPrefix("HTTP/1.1 200 OK\r\n"))
            obstacle.value = "in safe mode"
            let notReady = try await get("/readyz", port)
            #expect(notReady.hasPrefix("HTTP/1.1 503 "))
            #expect(notReady.hasSuffix("in safe mode\n"))
            #expect(try await get("/healthz", port).hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(try await get("/", port).hasPrefix("HTTP/1.1 404 "))
        }
    }

    @Test("requests on one connection are answered in order, HEAD without a body")
    func keepAlive() async throws {
        try await withServer { port in
            let answer = try await exchange(
                "HEAD /healthz HTTP/1.1\r\nhost: x\r\n\r\nPOST /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc"
                    + "GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", port)
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.contains("\r\n\r\nHTTP/1.1 405 Method Not Allowed\r\n"))
            #expect(answer.contains("GET and HEAD only\nHTTP/1.1 200 OK\r\n"))
            #expect(answer.components(of: "ok\n") == 1)
        }
    }

    @Test("what is no HTTP is refused, and the next one is served")
    func garbage() async throws {
        try await withServer { port in
            let refusal = try await exchange("\u{0}\u{1}PRI * HTTP/9\r\n\r\n", port)
            #expect(refusal.hasPrefix("HTTP/1.1 400 "))
            #expect(try await get("/healthz", port).hasPrefix("HTTP/1.1 200 OK\r\n"))
        }
    }

    @Test("a port in use is named")
    func portInUse() async throws {
        try await withServer { port in
            let second = StatusServer(
                pages: StatusPages(metrics: { MetricsText() }, obstacle: { nil }),
                group: MultiThreadedEventLoopGroup.singleton)
            let error = await #expect(throws: DFSError.self) {
                _ = try await second.listen(ServerAddress(host: "127.0.0.1", port: port))
            }
            #expect(error?.code == .failedPrecondition)
            #expect(error?.message.contains("127.0.0.1:\(port)") == true)
        }
    }
}

extension String {
    fileprivate func components(of part: String) -> Int {
        var rest = self[...]
        var count = 0
        while let range = rest.firstRange(of: part) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
