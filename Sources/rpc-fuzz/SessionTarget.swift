import HTTP2
import NIOCore

/// One HTTP/2 session, fed with the bytes of a hostile peer and used by a careless owner.
///
/// What must hold: no trap; nothing happens on a stream after its `closed`; what is queued is never negative, and zero once
/// every stream is gone.
struct SessionTarget: FuzzTarget {
    let corpus: FuzzCorpus

    func run(_ random: inout FuzzRandom) throws {
        let isServer = random.one(in: 2)
        let session = try HTTP2Session(role: isServer ? .server : .client)
        if !isServer {
            for _ in 0..<random.below(6) {
                _ = session.submitRequest(HeaderBlock([(":method", "POST"), (":path", "/a/b")]), endStream: false)
            }
        }
        let bytes = isServer ? FrameSequence.fromClient(corpus, &random) : FrameSequence.fromServer(corpus, &random)
        var closed: Set<Int32> = []
        for piece in bytes.cut(&random) {
            do {
                try session.receive(ByteBuffer(bytes: piece))
                try use(session, isServer, &closed, &random)
                if !random.one(in: 4) { _ = try session.produce(budget: 1 << 16) }
                try use(session, isServer, &closed, &random)
            } catch is HTTP2SessionError {
                break
            }
        }
        try check(session.queuedByteCount >= 0, "the queue holds \(session.queuedByteCount) bytes")
        try check(session.openStreamCount > 0 || session.queuedByteCount == 0, "bytes are queued for no stream")
    }

    private func use(
        _ session: HTTP2Session, _ isServer: Bool, _ closed: inout Set<Int32>, _ random: inout FuzzRandom
    ) throws {
        for event in session.takeEvents() {
            switch event {
            case .headers(let stream, let block, _):
                try check(!closed.contains(stream), "headers after the end of stream \(stream)")
                try check(block.listSize <= 64 << 10, "a header list of \(block.listSize)")
                act(session, stream, isServer, &random)
            case .data(let stream, let data):
                try check(!closed.contains(stream), "data after the end of stream \(stream)")
                if !random.one(in: 4) { session.consume(stream: stream, byteCount: data.readableBytes) }
                act(session, stream, isServer, &random)
            case .closed(let stream, _, _):
                try check(closed.insert(stream).inserted, "stream \(stream) closed twice")
            case .endOfStream(let stream), .drained(let stream):
                act(session, stream, isServer, &random)
            case .goAway, .settings, .pinged, .pingAcknowledged:
                break
            }
        }
    }

    private func act(_ session: HTTP2Session, _ stream: Int32, _ isServer: Bool, _ random: inout FuzzRandom) {
        switch random.below(8) {
        case 0 where isServer, 1 where isServer:
            session.submitResponse(stream: stream, HeaderBlock([(":status", "200")]), endStream: random.one(in: 4))
        case 2: session.send(stream: stream, ByteBuffer(repeating: 1, count: random.below(1 << 16)))
        case 3: session.finish(stream: stream, trailers: random.one(in: 2) ? HeaderBlock([("grpc-status", "0")]) : nil)
        case 4 where random.one(in: 4): session.reset(stream: stream, .cancel)
        case 5: session.stopPeerAfterEnd(stream: stream)
        case 6: session.requestDrained(stream: stream)
        default: break
        }
    }
}
