import NIOCore
import NIOEmbedded
import Testing

@testable import RPC

@Suite struct SocketTransportTests {
    private final class Listener: TransportReceiver {
        var closings = 0

        func received(_ buffer: ByteBuffer) {}
        func readCompleted() {}
        func writabilityChanged() {}
        func transportClosed(reason: (any Error)?) { closings += 1 }
    }

    /// The first write of a connection may find the peer gone, before the transport knows its receiver.
    @Test func receiverOfAClosedTransportIsTold() throws {
        let channel = EmbeddedChannel()
        let transport = SocketTransport(eventLoop: channel.embeddedEventLoop)
        try channel.pipeline.syncOperations.addHandler(transport)
        channel.pipeline.fireChannelInactive()
        let listener = Listener()
        transport.receiver = listener
        #expect(listener.closings == 0)
        channel.embeddedEventLoop.run()
        #expect(listener.closings == 1)
        _ = try? channel.finish()
    }
}
