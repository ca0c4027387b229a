import NIOCore

/// Two transports joined in memory, on one event loop: what one writes, the other receives in a later turn of the loop.
///
/// For tests: `pieceByteCount` cuts the bytes, so that every boundary can be tried.
final class InMemoryTransport: ByteTransport {
    let eventLoop: any EventLoop
    let peerHost = "127.0.0.1"
    var receiver: (any TransportReceiver)?
    private weak var peer: InMemoryTransport?
    /// Keeps the peer alive while the connection is open.
    private var openPeer: InMemoryTransport?
    private let pieceByteCount: Int

    static func pair(
        eventLoop: any EventLoop, pieceByteCount: Int = .max
    ) -> (InMemoryTransport, InMemoryTransport) {
        let left = InMemoryTransport(eventLoop: eventLoop, pieceByteCount: pieceByteCount)
        let right = InMemoryTransport(eventLoop: eventLoop, pieceByteCount: pieceByteCount)
        left.openPeer = right
        right.openPeer = left
        return (left, right)
    }

    private init(eventLoop: any EventLoop, pieceByteCount: Int) {
        self.eventLoop = eventLoop
        self.pieceByteCount = pieceByteCount
    }

    let isWritable = true

    func write(_ buffers: [ByteBuffer]) {
        guard let openPeer else { return }
        let target = NIOLoopBound(openPeer, eventLoop: eventLoop)
        let pieces = buffers.flatMap(cut)
        eventLoop.execute {
            for piece in pieces { target.value.receiver?.received(piece) }
            target.value.receiver?.readCompleted()
        }
    }

    func close() {
        guard let openPeer else { return }
        self.openPeer = nil
        let ends = NIOLoopBound([self, openPeer], eventLoop: eventLoop)
        eventLoop.execute { for transport in ends.value { transport.end() } }
    }

    private func end() {
        openPeer = nil
        let receiver = self.receiver
        self.receiver = nil
        receiver?.transportClosed(reason: nil)
    }

    private func cut(_ buffer: ByteBuffer) -> [ByteBuffer] {
        var rest = buffer
        var pieces: [ByteBuffer] = []
        while rest.readableBytes > 0, let piece = rest.readSlice(length: min(pieceByteCount, rest.readableBytes)) {
            pieces.append(piece)
        }
        return pieces
    }
}
