import NIOCore

/// How sockets are read and written, the same for clients and servers.
enum SocketBuffers {
    /// Small for calls (SwiftNIO keeps a connection's last buffer), growing to what a bulk transfer fills in one read.
    static var receiveAllocator: AdaptiveRecvByteBufferAllocator {
        AdaptiveRecvByteBufferAllocator(minimum: 1 << 10, initial: 1 << 10, maximum: 512 << 10)
    }

    /// What is encrypted, or read and decrypted, in one turn under TLS: each step works on what the step before wrote, which
    /// should still be in the processor's cache.
    static let securedTurnByteCount = 256 << 10

    /// Has TLS hand on what it decrypts read by read. It gathers all that comes in one turn, of several reads otherwise.
    static func limitReads(underTLS channel: any Channel) {
        let allocator = AdaptiveRecvByteBufferAllocator(
            minimum: 1 << 10, initial: 1 << 10, maximum: securedTurnByteCount)
        try? channel.syncOptions?.setOption(.recvAllocator, value: allocator)
        try? channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
    }

    /// Bytes that wait in the socket's queue: above `high` framing stops, below `low` it goes on.
    static let writeMarks = ChannelOptions.Types.WriteBufferWaterMark(low: 512 << 10, high: 1 << 20)
}

extension NIOLoopBound {
    /// Runs `body` with the value on its loop.
    func execute(_ body: @escaping @Sendable (Value) -> Void) {
        eventLoop.execute { body(value) }
    }
}
