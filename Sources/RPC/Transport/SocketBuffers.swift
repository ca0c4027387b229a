import NIOCore

/// How sockets are read and written, the same for clients and servers.
enum SocketBuffers {
    /// Small for calls (SwiftNIO keeps a connection's last buffer), growing to what a bulk transfer fills in one read.
    static var receiveAllocator: AdaptiveRecvByteBufferAllocator {
        AdaptiveRecvByteBufferAllocator(minimum: 1 << 10, initial: 1 << 10, maximum: 512 << 10)
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
