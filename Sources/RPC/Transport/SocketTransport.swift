import NIOCore

/// A TCP connection as the last handler of its SwiftNIO pipeline.
final class SocketTransport: ChannelInboundHandler, ByteTransport {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let eventLoop: any EventLoop
    private(set) var peerHost = ""
    /// Set before the handler enters the pipeline, dropped when the channel closes (it breaks the ring of references).
    var receiver: (any TransportReceiver)?
    private var context: ChannelHandlerContext?
    private var failure: (any Error)?

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    var queuedByteCount: Int {
        (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    func write(_ buffers: [ByteBuffer]) {
        guard let context else { return }
        for buffer in buffers { context.write(wrapOutboundOut(buffer), promise: nil) }
        context.flush()
    }

    func close() {
        guard let context else { return }
        // Not from within the caller: closing calls back.
        let channel = context.channel
        eventLoop.execute { channel.close(promise: nil) }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        peerHost = Self.numericHost(context.channel.remoteAddress)
        LocalConnection.stopPacing(context.channel)
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { receiver?.received(unwrapInboundIn(data)) }

    func channelReadComplete(context: ChannelHandlerContext) { receiver?.readCompleted() }

    func channelWritabilityChanged(context: ChannelHandlerContext) { receiver?.writabilityChanged() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let receiver = self.receiver
        self.receiver = nil
        self.context = nil
        receiver?.transportClosed(reason: failure)
    }

    /// IPv4 addresses that a dual-stack listener shows as `::ffff:a.b.c.d` are written plainly.
    private static func numericHost(_ address: SocketAddress?) -> String {
        guard let host = address?.ipAddress else { return "" }
        return host.hasPrefix("::ffff:") ? String(host.dropFirst(7)) : host
    }
}
