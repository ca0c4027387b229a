import NIOCore

/// A socket, under TLS or not, as the last handler of its SwiftNIO pipeline.
final class SocketTransport: ChannelInboundHandler, ByteTransport {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let eventLoop: any EventLoop
    let isSecure: Bool
    private(set) var peerHost = ""
    /// Set before the handler enters the pipeline, dropped when the channel closes (it breaks the ring of references).
    var receiver: (any TransportReceiver)? {
        // Making a receiver writes its first bytes, and that can find the peer gone already.
        didSet { if isInactive, receiver != nil { tellClosedSoon() } }
    }
    private var isInactive = false
    private var context: ChannelHandlerContext?
    private var failure: (any Error)?

    /// - Parameter isSecure: TLS stands before this handler.
    init(eventLoop: any EventLoop, isSecure: Bool = false) {
        self.eventLoop = eventLoop
        self.isSecure = isSecure
    }

    /// The channel's, which tells of each change.
    private(set) var isWritable = false

    var queuedByteCount: Int {
        (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    func write(_ buffers: [ByteBuffer]) {
        guard let context else { return }
        for buffer in buffers { context.write(wrapOutboundOut(buffer), promise: nil) }
        context.flush()
    }

    func finish() {
        guard let context else { return }
        let (channel, isSecure) = (context.channel, isSecure)
        eventLoop.execute { OrderlyClose.begin(channel) { Self.close(channel, isSecure: isSecure) } }
    }

    func close() {
        guard let context else { return }
        // Not from within the caller: closing calls back.
        let (channel, isSecure) = (context.channel, isSecure)
        eventLoop.execute { Self.close(channel, isSecure: isSecure) }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        isWritable = context.channel.isWritable
        peerHost = Self.numericHost(context.channel.remoteAddress)
        LocalConnection.stopPacing(context.channel)
        VanishedPeer.limitSilence(context.channel)
        if isSecure { SocketBuffers.limitReads(underTLS: context.channel) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        isInactive = true
        forgetChannel()
        // One that is closed before it was active, as a listener that closes does with what it just took, says nothing else.
        tellClosed()
    }

    private func forgetChannel() {
        context = nil
        isWritable = false
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { receiver?.received(unwrapInboundIn(data)) }

    func channelReadComplete(context: ChannelHandlerContext) { receiver?.readCompleted() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        isWritable = context.channel.isWritable
        receiver?.writabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = error
        Self.close(context.channel, isSecure: isSecure)
    }

    private static func close(_ channel: any Channel, isSecure: Bool) {
        if isSecure { TLSFarewell.close(channel) } else { channel.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isInactive = true
        forgetChannel()
        tellClosed()
    }

    private func tellClosed() {
        let receiver = self.receiver
        self.receiver = nil
        receiver?.transportClosed(reason: failure)
    }

    private func tellClosedSoon() {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute { bound.value.tellClosed() }
    }

    /// IPv4 addresses that a dual-stack listener shows as `::ffff:a.b.c.d` are written plainly.
    private static func numericHost(_ address: SocketAddress?) -> String {
        guard let host = address?.ipAddress else { return "" }
        return host.hasPrefix("::ffff:") ? String(host.dropFirst(7)) : host
    }
}
