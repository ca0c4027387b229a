import DFSCore
import DFSFiles
import NIOCore
import NIOPosix

/// The Unix socket at which readers on this machine fetch the files that were lent to them: a token comes in, the file goes
/// out, the connection closes. The token says who is entitled, so the socket is open to all.
final class ShortCircuitSocket: Sendable {
    /// More at once are closed as they come.
    private static let maxConnections = 64
    /// A connection that has sent no whole token by then is closed.
    private static let idleLimit = TimeAmount.seconds(5)

    /// Absolute, as another process has to find it.
    let path: String
    let files: LentFiles
    private let listener: any Channel
    private let sweep: RepeatedTask

    private init(path: String, files: LentFiles, listener: any Channel) {
        self.path = path
        self.files = files
        self.listener = listener
        sweep = listener.eventLoop.scheduleRepeatedTask(
            initialDelay: TimeAmount(LentFiles.limit), delay: TimeAmount(LentFiles.limit)
        ) { _ in files.dropExpired() }
    }

    /// The name of the socket in the server's own folder.
    private static let name = "short-circuit"

    /// Listens in `folder`, in place of a socket that an earlier process has left there.
    ///
    /// - Throws: ``DFSError`` that names the path.
    static func listen(in folder: String, group: any EventLoopGroup) async throws -> ShortCircuitSocket {
        let path = try LentFile.absolutePath(of: folder) + "/" + name
        guard path.utf8.count <= LentFile.maxPathLength else {
            throw DFSError(
                .failedPrecondition,
                "\(path) is longer than the \(LentFile.maxPathLength) bytes that the path of a Unix socket may have")
        }
        let (files, slots) = (LentFiles(), Slots(count: maxConnections))
        let bootstrap = ServerBootstrap(group: group).childChannelInitializer { channel in
            guard slots.take() else { return channel.close() }
            channel.closeFuture.whenComplete { _ in slots.giveBack() }
            return channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandlers(
                    IdleStateHandler(allTimeout: idleLimit), TokenHandler(files: files))
            }
        }
        do {
            let listener = try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
            do {
                try LentFile.openSocket(path)
            } catch {
                try? await listener.close().get()
                throw error
            }
            return ShortCircuitSocket(path: path, files: files, listener: listener)
        } catch {
            throw DFSError(.failedPrecondition, "cannot listen on \(path): \(error)")
        }
    }

    /// Listens no more. Files that were fetched stay with their readers.
    func close() async {
        sweep.cancel()
        try? await listener.close().get()
    }
}

/// Takes a token, and passes on the file that it is for.
private final class TokenHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let files: LentFiles
    private var token: [UInt8] = []

    init(files: LentFiles) { self.files = files }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data).readableBytesView
        guard token.count + bytes.count <= LentFile.tokenLength else { return context.close(promise: nil) }
        token += bytes
        guard token.count == LentFile.tokenLength else { return }
        if let file = files.fetch(token) {
            // The reader who is gone meanwhile needs no answer, and one without it reads by DownloadChunk.
            try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
                socket in
                try LentFile.send(file, over: socket)
            }
        }
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
