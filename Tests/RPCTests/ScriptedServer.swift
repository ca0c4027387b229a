import HTTP2
import NIOCore

@testable import RPC

/// A server of HTTP/2 alone, in memory: a test says what each request gets.
final class ScriptedServer: TransportReceiver {
    typealias Script = @Sendable (ScriptedServer, _ stream: Int32, _ request: HeaderBlock) -> Void

    let eventLoop: any EventLoop
    private let session: HTTP2Session
    private let transport: InMemoryTransport
    private let script: Script

    init(transport: InMemoryTransport, script: @escaping Script) throws {
        eventLoop = transport.eventLoop
        session = try HTTP2Session(role: .server)
        self.transport = transport
        self.script = script
    }

    /// Ends the call with one block of headers.
    func answer(_ stream: Int32, _ fields: [(String, String)]) {
        session.submitResponse(stream: stream, HeaderBlock(fields), endStream: true)
        session.stopPeerAfterEnd(stream: stream)
        flush()
    }

    func reset(_ stream: Int32, _ code: HTTP2ErrorCode) {
        session.reset(stream: stream, code)
        flush()
    }

    func flush() {
        if let buffers = try? session.produce(budget: .max) { transport.write(buffers) }
    }

    func received(_ buffer: ByteBuffer) {
        try? session.receive(buffer)
        for event in session.takeEvents() {
            if case .headers(let stream, let block, _) = event { script(self, stream, block) }
        }
    }

    func readCompleted() { flush() }
    func writabilityChanged() {}
    func transportClosed(reason: (any Error)?) {}
}

/// Connects a client to a ``ScriptedServer`` of its own.
struct ScriptedConnector: TransportConnector {
    let eventLoop: any EventLoop
    let script: ScriptedServer.Script

    func connect(
        timeout: TimeAmount, attach: @escaping @Sendable (any ByteTransport) throws -> any TransportReceiver
    ) -> EventLoopFuture<Void> {
        eventLoop.submit {
            let (near, far) = InMemoryTransport.pair(eventLoop: eventLoop)
            let server = try ScriptedServer(transport: far, script: script)
            far.receiver = server
            near.receiver = try attach(near)
            server.flush()
        }
    }
}
