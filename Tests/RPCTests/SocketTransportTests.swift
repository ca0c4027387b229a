import NIOCore
import NIOEmbedded
import NIOPosix
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

    /// TLS gathers what comes in one turn: the whole of it would be decrypted before the first byte is looked at.
    @Test func socketsUnderTLSHandOnEachReadByItself() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let listener = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
        for isSecure in [false, true] {
            let channel = try await ClientBootstrap.forCalls(on: group.next(), timeout: .seconds(10))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let transport = SocketTransport(eventLoop: channel.eventLoop, isSecure: isSecure)
                        try channel.pipeline.syncOperations.addHandler(transport)
                    }
                }
                .connect(to: try #require(listener.localAddress)).get()
            #expect(try await channel.getOption(.maxMessagesPerRead).get() == (isSecure ? 1 : 4))
            try await channel.close()
        }
        try await listener.close()
    }

    /// A machine that is gone answers nothing; the kernel asks for a quarter of an hour otherwise.
    @Test func socketsOfBothSidesGiveUpAVanishedPeer() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let (accepted, sink) = AsyncStream<any Channel>.makeStream()
        let addTransport: @Sendable (any Channel) -> EventLoopFuture<Void> = { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(SocketTransport(eventLoop: channel.eventLoop))
            }
        }
        let listener = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                sink.yield(channel)
                return addTransport(channel)
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let client = try await ClientBootstrap.forCalls(on: group.next(), timeout: .seconds(10))
            .connect(to: try #require(listener.localAddress)).get()
        try await client.eventLoop.flatSubmit { addTransport(client) }.get()
        var servers = accepted.makeAsyncIterator()
        let server = try #require(await servers.next())
        for channel in [client, server] {
            let limit = try await channel.getOption(.tcpOption(VanishedPeer.userTimeout)).get()
            #expect(limit == 30_000)
        }
        try await client.close()
        try await listener.close()
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

    /// A listener that closes drops what it has just taken before that was active: there is no word of its end but this. A server
    /// that stopped then waited for that connection for ever.
    @Test func receiverOfATransportThatNeverBecameActiveIsTold() throws {
        let channel = EmbeddedChannel()
        let transport = SocketTransport(eventLoop: channel.embeddedEventLoop)
        try channel.pipeline.syncOperations.addHandler(transport)
        let listener = Listener()
        transport.receiver = listener
        transport.handlerRemoved(context: try channel.pipeline.syncOperations.context(handler: transport))
        #expect(listener.closings == 1)
        _ = try? channel.finish()
        #expect(listener.closings == 1)
    }
}
