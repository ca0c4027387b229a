import DFSCore
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import RPC
import Synchronization

/// Serves ``StatusPages`` by HTTP/1.1 on a port of its own. It asks nobody who they are: the address should be one that only
/// operators reach.
package final class StatusServer: Sendable {
    /// More at once are closed as they come.
    private static let maxConnections = 64
    /// A connection on which nothing moves for this long is closed.
    private static let idleLimit = TimeAmount.seconds(30)

    private let pages: StatusPages
    private let group: any EventLoopGroup
    private let channels = Mutex<(listener: (any Channel)?, open: [ObjectIdentifier: any Channel])>((nil, [:]))

    package init(pages: StatusPages, group: any EventLoopGroup) {
        self.pages = pages
        self.group = group
    }

    /// Starts to listen; once. A host of "" is every interface; port 0 lets the system choose.
    ///
    /// - Returns: the port.
    /// - Throws: ``DFSError`` of code ``DFSError/Code/failedPrecondition`` that names the address.
    package func listen(_ address: ServerAddress) async throws -> UInt16 {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [self] channel in
                guard admit(channel) else { return channel.close() }
                return channel.eventLoop.makeCompletedFuture { [pages] in
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(IdleStateHandler(allTimeout: Self.idleLimit))
                    try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
                    try pipeline.addHandler(StatusHandler(pages: pages))
                }
            }
        let listener: any Channel
        do {
            listener = try await ListenHosts.bind(address.host) { host in
                try await bootstrap.bind(host: host, port: Int(address.port)).get()
            }
        } catch {
            throw DFSError(
                .failedPrecondition, "cannot listen for HTTP on \(address): \(error); choose another -http-listen")
        }
        channels.withLock { $0.listener = listener }
        return UInt16(listener.localAddress?.port ?? Int(address.port))
    }

    /// Closes the port and all connections.
    package func close() async {
        let (listener, open) = channels.withLock { channels in
            defer { channels = (nil, [:]) }
            return (channels.listener, channels.open)
        }
        try? await listener?.close().get()
        for channel in open.values { try? await channel.close().get() }
    }

    private func admit(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let isAdmitted = channels.withLock { channels in
            guard channels.open.count < Self.maxConnections else { return false }
            channels.open[id] = channel
            return true
        }
        guard isAdmitted else { return false }
        channel.closeFuture.whenComplete { [self] _ in _ = channels.withLock { $0.open.removeValue(forKey: id) } }
        return true
    }
}

/// Answers the requests of one connection, one after the other.
private final class StatusHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let pages: StatusPages
    private var request: HTTPRequestHead?

    init(pages: StatusPages) { self.pages = pages }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): request = head
        // There is no use for a body; it is read and dropped.
        case .body: break
        case .end:
            guard let request else { return }
            self.request = nil
            answer(request, context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard request.method == .GET || request.method == .HEAD else {
            return send(StatusPages.Page(status: 405, body: "GET and HEAD only\n"), request, context)
        }
        let path = String(request.uri.prefix { $0 != "?" })
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let page = context.eventLoop.makeFutureWithTask { [pages] in await pages.page(path) }
        page.whenSuccess { page in
            let (handler, context) = bound.value
            handler.send(page, request, context)
        }
    }

    private func send(_ page: StatusPages.Page, _ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let body = ByteBuffer(string: page.body)
        var headers = HTTPHeaders([
            ("content-type", page.contentType), ("content-length", "\(body.readableBytes)"),
            ("cache-control", "no-store"),
        ])
        if !request.isKeepAlive { headers.add(name: "connection", value: "close") }
        let head = HTTPResponseHead(
            version: request.version, status: HTTPResponseStatus(statusCode: page.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        let written = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        guard !request.isKeepAlive else { return }
        let channel = context.channel
        written.whenComplete { _ in channel.close(promise: nil) }
    }
}
