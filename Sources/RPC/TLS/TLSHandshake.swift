import NIOCore
import NIOSSL
import NIOTLS

/// Stands behind the TLS handler: says when the handshake is done, ends one that takes too long or does not agree on
/// HTTP/2, and puts errors of TLS into words, then and later.
///
/// States: waiting, settled (the handshake is done or has failed).
final class TLSHandshake: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// Where this end of the connection is.
    enum Side {
        case server
        /// `host` is the name or address that the server's certificate must have.
        case client(host: String?)
    }

    /// Fails with an ``RPCError`` `unavailable` that says why; the channel is closed then. Completes on the loop before
    /// any byte is passed on, so a handler that is added in its callback misses nothing.
    let completed: EventLoopFuture<Void>
    private let promise: EventLoopPromise<Void>
    private let timeout: TimeAmount
    private let side: Side
    private var isSettled = false
    private var timer: Scheduled<Void>?

    /// Begins a handshake by putting `tls` and one of these at the end of the pipeline. On the loop.
    ///
    /// - Returns: ``completed``.
    /// - Throws: where the channel has closed already.
    static func begin(
        _ tls: some ChannelHandler, on channel: any Channel, timeout: TimeAmount, side: Side
    ) throws -> EventLoopFuture<Void> {
        let handshake = TLSHandshake(timeout: timeout, side: side, eventLoop: channel.eventLoop)
        do {
            try channel.pipeline.syncOperations.addHandlers(tls, handshake)
        } catch {
            handshake.isSettled = true
            handshake.promise.fail(error)
            throw error
        }
        return handshake.completed
    }

    private init(timeout: TimeAmount, side: Side, eventLoop: any EventLoop) {
        self.timeout = timeout
        self.side = side
        promise = eventLoop.makePromise()
        completed = promise.futureResult
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: timeout) {
            let (handler, context) = bound.value
            handler.settle(context, RPCError(.unavailable, "the TLS handshake was not done in time"))
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        settle(context, RPCError(.unavailable, "the connection closed in the TLS handshake"))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let chosen)? = event as? TLSUserEvent {
            let agreed = chosen == TLSRules.applicationProtocol
            settle(context, agreed ? nil : TLSFailure.noHTTP2(side))
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let failure = TLSFailure.inWords(error, side)
        if isSettled { context.fireErrorCaught(failure) } else { settle(context, failure) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        settle(context, RPCError(.unavailable, "the peer closed the connection in the TLS handshake"))
        context.fireChannelInactive()
    }

    private func settle(_ context: ChannelHandlerContext, _ failure: RPCError?) {
        guard !isSettled else { return }
        isSettled = true
        timer?.cancel()
        guard let failure else { return promise.succeed() }
        promise.fail(failure)
        context.close(promise: nil)
    }
}
