import HTTP2
import NIOCore
import NIOPosix
import Testing

@testable import RPC

/// A server's side that tells the scheme of each request and answers none.
private final class SchemeTransport: ByteTransport {
    let eventLoop: any EventLoop
    let isSecure: Bool
    let isWritable = true
    let peerHost = ""
    var receiver: (any TransportReceiver)?
    private let session: HTTP2Session
    private let onScheme: (String) -> Void

    init(eventLoop: any EventLoop, isSecure: Bool, onScheme: @escaping (String) -> Void) throws {
        self.eventLoop = eventLoop
        self.isSecure = isSecure
        self.onScheme = onScheme
        session = try HTTP2Session(role: .server)
    }

    func write(_ buffers: [ByteBuffer]) {
        for buffer in buffers { try? session.receive(buffer) }
        for case .headers(_, let block, _) in session.takeEvents() { onScheme(block.first(":scheme") ?? "") }
        let answer = (try? session.produce(budget: 1 << 20)) ?? []
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute {
            for buffer in answer { bound.value.receiver?.received(buffer) }
            bound.value.receiver?.readCompleted()
        }
    }

    func close() {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute {
            let receiver = bound.value.receiver
            bound.value.receiver = nil
            receiver?.transportClosed(reason: nil)
        }
    }
}

private struct SchemeConnector: TransportConnector {
    let eventLoop: any EventLoop
    let isSecure: Bool
    let onScheme: @Sendable (String) -> Void

    func connect(
        timeout: TimeAmount, attach: @escaping @Sendable (any ByteTransport) throws -> any TransportReceiver
    ) -> EventLoopFuture<Void> {
        eventLoop.submit {
            let transport = try SchemeTransport(eventLoop: eventLoop, isSecure: isSecure, onScheme: onScheme)
            transport.receiver = try attach(transport)
        }
    }
}

@Suite struct SchemeTests {
    @Test(arguments: [(true, "https"), (false, "http")])
    func requestsSayWhetherTheConnectionIsSecure(_ isSecure: Bool, _ scheme: String) async throws {
        let (schemes, saw) = AsyncStream<String>.makeStream()
        let connector = SchemeConnector(
            eventLoop: MultiThreadedEventLoopGroup.singleton.next(), isSecure: isSecure, onScheme: { saw.yield($0) })
        let channel = ClientChannel(
            connector: connector, authority: "any", configuration: .init(), logger: Fixture.logger())
        try await channel.withCall(Fixture.echo) { call in
            try await call.send(message("x"))
            var seen = schemes.makeAsyncIterator()
            #expect(await seen.next() == scheme)
        }
        await channel.close()
    }
}
