import NIOCore
import NIOPosix
import NIOSSL

/// A client that writes whatever it likes to a server, and reads frames, or does not.
final class Attacker: Sendable {
    /// How the server ended an attack.
    struct End: Sendable {
        /// Of the last GOAWAY that arrived before the end; `nil` where none did.
        var goAwayCode: UInt32?
    }

    /// Loops of their own, so that attackers take no turns from the server.
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// What the server sends, in order; ends with the connection.
    let frames: AsyncStream<RawFrame>
    private let channel: any Channel

    /// - Parameter reads: with false nothing is taken from the socket.
    static func connect(port: UInt16, reads: Bool = true, tls: NIOSSLContext? = nil) async throws -> Attacker {
        let (frames, sink) = AsyncStream<RawFrame>.makeStream()
        let channel = try await ClientBootstrap(group: group)
            .channelOption(.autoRead, value: reads)
            .channelOption(.socketOption(.so_rcvbuf), value: 64 << 10)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        let handler = try NIOSSLClientHandler(context: tls, serverHostname: "localhost")
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    try channel.pipeline.syncOperations.addHandler(FrameReader(sink: sink))
                }
            }
            .connect(host: "127.0.0.1", port: Int(port)).get()
        return Attacker(channel: channel, frames: frames)
    }

    /// Connects and greets as the protocol demands. Large frames are taken only from one that acknowledges the server's
    /// settings.
    static func greeted(
        port: UInt16, settings: RawFrame = RawFrame.settings, acknowledges: Bool = true, reads: Bool = true,
        tls: NIOSSLContext? = nil
    ) async throws -> Attacker {
        let attacker = try await connect(port: port, reads: reads, tls: tls)
        await attacker.send(bytes: RawFrame.preface + settings.bytes)
        if acknowledges { await attacker.send(.settingsAcknowledged) }
        return attacker
    }

    private init(channel: any Channel, frames: AsyncStream<RawFrame>) {
        self.channel = channel
        self.frames = frames
    }

    /// - Returns: false when the server has cut the connection.
    @discardableResult
    func send(bytes: [UInt8]) async -> Bool {
        do {
            try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
            return true
        } catch {
            return false
        }
    }

    @discardableResult
    func send(_ frames: RawFrame...) async -> Bool { await send(bytes: frames.flatMap(\.bytes)) }

    /// Sends `bytes(0)`, `bytes(1)` and so on, up to `limit` of them.
    ///
    /// - Returns: how many it took until the server cut the connection; `nil` when it never did.
    func flood(_ limit: Int, _ bytes: (Int) -> [UInt8]) async -> Int? {
        for index in 0..<limit where await !send(bytes: bytes(index)) { return index }
        return nil
    }

    /// The first frame that `matches`; `nil` when the connection ends without.
    func frame(where matches: (RawFrame) -> Bool) async -> RawFrame? {
        for await frame in frames where matches(frame) { return frame }
        return nil
    }

    /// Waits for the server to end the connection.
    func end() async -> End {
        var end = End()
        for await frame in frames where frame.kind == .goAway && frame.payload.count >= 8 {
            end.goAwayCode = frame.payload[4..<8].reduce(0) { $0 << 8 | UInt32($1) }
        }
        return end
    }

    /// The code of the RST_STREAM that ends `stream`.
    func resetCode(of stream: UInt32) async -> UInt32? {
        await frame { $0.kind == .resetStream && $0.stream == stream }?.payload.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Whether what comes is taken from the socket from now on.
    func setReads(_ reads: Bool) async throws { try await channel.setOption(.autoRead, value: reads).get() }

    func close() async { try? await channel.close().get() }
}

/// Cuts what arrives into frames.
private final class FrameReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let sink: AsyncStream<RawFrame>.Continuation
    private var waiting = ByteBuffer()

    init(sink: AsyncStream<RawFrame>.Continuation) { self.sink = sink }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        waiting.writeImmutableBuffer(unwrapInboundIn(data))
        while let frame = nextFrame() { sink.yield(frame) }
        waiting.discardReadBytes()
    }

    private func nextFrame() -> RawFrame? {
        let start = waiting.readerIndex
        guard let head = waiting.getBytes(at: start, length: 9) else { return nil }
        let length = head[0..<3].reduce(0) { $0 << 8 | Int($1) }
        guard let payload = waiting.getBytes(at: start + 9, length: length) else { return nil }
        waiting.moveReaderIndex(forwardBy: 9 + length)
        let stream = head[5..<9].reduce(0) { $0 << 8 | UInt32($1) }
        return RawFrame(type: head[3], flags: head[4], stream: stream, payload: payload)
    }

    func channelInactive(context: ChannelHandlerContext) { sink.finish() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
