import NIOCore
import Testing

@testable import HTTP2

/// Two sessions wired back to back, with the bytes cut into pieces on their way.
private final class Pair {
    let client: HTTP2Session
    let server: HTTP2Session
    var clientEvents: [HTTP2Event] = []
    var serverEvents: [HTTP2Event] = []
    private let cut: (ByteBuffer) -> [ByteBuffer]

    init(
        serverSettings: HTTP2Settings = HTTP2Settings(), cut: @escaping (ByteBuffer) -> [ByteBuffer] = { [$0] }
    ) throws {
        client = try HTTP2Session(role: .client)
        server = try HTTP2Session(role: .server, settings: serverSettings)
        self.cut = cut
    }

    /// Moves bytes both ways until neither side has any.
    func settle() throws {
        while true {
            let forth = try client.produce(budget: 1 << 20)
            for piece in cut(joined(forth)) { try server.receive(piece) }
            serverEvents += server.takeEvents()
            let back = try server.produce(budget: 1 << 20)
            for piece in cut(joined(back)) { try client.receive(piece) }
            clientEvents += client.takeEvents()
            if forth.isEmpty && back.isEmpty { return }
        }
    }

    private func joined(_ buffers: [ByteBuffer]) -> ByteBuffer {
        var whole = ByteBuffer()
        for buffer in buffers { whole.writeImmutableBuffer(buffer) }
        return whole
    }
}

/// Events without the ways the same data can be cut: adjacent data is joined.
private func summary(_ events: [HTTP2Event]) -> [String] {
    var lines: [String] = []
    var data: [Int32: [UInt8]] = [:]
    func flush(_ stream: Int32) {
        if let bytes = data.removeValue(forKey: stream) {
            lines.append("data \(stream) \(bytes.count) \(bytes.hashValue)")
        }
    }
    for event in events {
        switch event {
        case .headers(let stream, let block, let isEnd):
            flush(stream)
            let fields = (0..<block.count).map { "\(block.name(at: $0))=\(block.value(at: $0))" }
            lines.append("headers \(stream) \(fields) \(isEnd)")
        case .data(let stream, let buffer): data[stream, default: []] += Array(buffer.readableBytesView)
        case .endOfStream(let stream):
            flush(stream)
            lines.append("end \(stream)")
        case .closed(let stream, let code, let wasReset):
            flush(stream)
            lines.append("closed \(stream) \(code.rawValue) \(wasReset)")
        case .goAway(let last, let code): lines.append("goaway \(last) \(code.rawValue)")
        case .settings: lines.append("settings")
        case .drained, .pinged, .pingAcknowledged: break
        }
    }
    for stream in data.keys.sorted() { flush(stream) }
    return lines
}

private let request = HeaderBlock([
    (":method", "POST"), (":scheme", "http"), (":path", "/a/b"), (":authority", "x"), ("te", "trailers"),
])

/// A request with data, answered with data and trailers.
private func exchange(_ pair: Pair, dataByteCount: Int) throws -> (client: [String], server: [String]) {
    let id = try #require(pair.client.submitRequest(request, endStream: false))
    pair.client.send(stream: id, ByteBuffer(repeating: 7, count: dataByteCount))
    pair.client.finish(stream: id)
    try pair.settle()
    pair.server.submitResponse(stream: id, HeaderBlock([(":status", "200")]), endStream: false)
    pair.server.send(stream: id, ByteBuffer(repeating: 9, count: dataByteCount))
    pair.server.finish(stream: id, trailers: HeaderBlock([("grpc-status", "0"), ("spaced", " x ")]))
    try pair.settle()
    return (summary(pair.clientEvents), summary(pair.serverEvents))
}

@Suite struct SessionPairTests {
    @Test func requestAndResponseArriveWhole() throws {
        let (client, server) = try exchange(Pair(), dataByteCount: 100_000)
        #expect(server.contains { $0.hasPrefix("headers 1") && $0.contains(":path=/a/b") })
        #expect(server.contains { $0.hasPrefix("data 1 100000") })
        #expect(client.contains { $0.contains("grpc-status=0") && $0.hasSuffix("true") })
        #expect(client.contains("closed 1 0 false"))
        #expect(server.contains("closed 1 0 false"))
    }

    @Test func inputCutAtEveryOffsetMeansTheSame() throws {
        let whole = try exchange(Pair(), dataByteCount: 40)
        for offset in 1..<220 {
            let pair = try Pair { buffer in
                var rest = buffer
                guard let head = rest.readSlice(length: min(offset, buffer.readableBytes)) else { return [] }
                return rest.readableBytes > 0 ? [head, rest] : [head]
            }
            let cut = try exchange(pair, dataByteCount: 40)
            #expect(cut.client == whole.client && cut.server == whole.server, "cut at \(offset)")
        }
    }

    @Test func byteByByteMeansTheSame() throws {
        let whole = try exchange(Pair(), dataByteCount: 40)
        let pair = try Pair { buffer in buffer.readableBytesView.map { ByteBuffer(bytes: [$0]) } }
        let bytes = try exchange(pair, dataByteCount: 40)
        #expect(bytes.client == whole.client && bytes.server == whole.server)
    }

    @Test func unreadDataStopsTheSenderAtTheWindow() throws {
        let pair = try Pair()
        let id = try #require(pair.client.submitRequest(request, endStream: false))
        let total = 3 * pair.server.settings.streamWindow
        pair.client.send(stream: id, ByteBuffer(repeating: 1, count: total))
        try pair.settle()
        func received() -> Int {
            pair.serverEvents.reduce(0) { sum, event in
                if case .data(_, let buffer) = event { sum + buffer.readableBytes } else { sum }
            }
        }
        #expect(received() == pair.server.settings.streamWindow)
        pair.server.consume(stream: id, byteCount: received())
        try pair.settle()
        #expect(received() == 2 * pair.server.settings.streamWindow)
    }

    @Test func garbageInsteadOfThePrefaceIsThePeersFault() throws {
        let server = try HTTP2Session(role: .server)
        #expect(throws: HTTP2SessionError.self) {
            try server.receive(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
        }
    }

    @Test func resetReachesTheOtherSide() throws {
        let pair = try Pair()
        let id = try #require(pair.client.submitRequest(request, endStream: false))
        try pair.settle()
        pair.client.reset(stream: id, .cancel)
        try pair.settle()
        #expect(summary(pair.serverEvents).contains("closed 1 8 true"))
        #expect(pair.server.openStreamCount == 0 && pair.client.openStreamCount == 0)
    }

    @Test func noRequestAfterGoAway() throws {
        let pair = try Pair()
        try pair.settle()
        pair.server.goAway(.noError)
        try pair.settle()
        #expect(pair.client.submitRequest(request, endStream: true) == nil)
    }

    @Test func oversizedHeadersAreMarked() throws {
        var settings = HTTP2Settings()
        settings.maxHeaderListSize = 1000
        let pair = try Pair(serverSettings: settings)
        var block = request
        for index in 0..<4 { block.append("x-\(index)", String(repeating: "v", count: 300)) }
        _ = pair.client.submitRequest(block, endStream: true)
        try pair.settle()
        let isTruncated = pair.serverEvents.contains {
            if case .headers(_, let block, _) = $0 { block.isTruncated } else { false }
        }
        #expect(isTruncated)
    }
}
