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

    /// A full output holds a DATA frame back inside the library; its bytes are gone when the stream is reset meanwhile.
    /// Whoever has not heard of the reset yet goes on sending (`sendsOn`): that must not go out in the frame's place.
    @Test(arguments: [HTTP2Session.Role.client, .server], [true, false])
    func resetOfAStreamWithAFrameHeldBackEndsThatStreamOnly(role: HTTP2Session.Role, sendsOn: Bool) throws {
        let pair = try Pair()
        try pair.settle()
        let first = try #require(pair.client.submitRequest(request, endStream: false))
        let second = try #require(pair.client.submitRequest(request, endStream: false))
        try pair.settle()
        let sender = role == .client ? pair.client : pair.server
        if role == .server {
            for id in [first, second] {
                sender.submitResponse(stream: id, HeaderBlock([(":status", "200")]), endStream: false)
            }
            try pair.settle()
        }
        sender.send(stream: first, ByteBuffer(repeating: 1, count: 3 << 20))
        let taken = try sender.produce(budget: 1 << 20)
        #expect(sender.queuedByteCount(stream: first) > 0)
        sender.reset(stream: first, .cancel)
        if sendsOn { sender.send(stream: first, ByteBuffer(repeating: 2, count: 1 << 20)) }
        sender.send(stream: second, ByteBuffer(repeating: 3, count: 100_000))
        sender.finish(stream: second)
        let receiver = role == .client ? pair.server : pair.client
        for buffer in taken { try receiver.receive(buffer) }
        try pair.settle()
        let events = summary(role == .client ? pair.serverEvents : pair.clientEvents)
        #expect(events.contains { $0.hasPrefix("data \(first) \(1 << 20) ") })
        #expect(events.contains("closed \(first) 8 true"))
        #expect(events.contains { $0.hasPrefix("data \(second) 100000 ") } && events.contains("end \(second)"))
        #expect(sender.queuedByteCount == 0)
    }

    /// The library refuses to send a block above 64 KiB.
    @Test(arguments: [true, false]) func answerThatCannotBeSentEndsTheStream(isTrailers: Bool) throws {
        let pair = try Pair()
        let id = try #require(pair.client.submitRequest(request, endStream: true))
        try pair.settle()
        var block = HeaderBlock(isTrailers ? [] : [(":status", "200")])
        block.append("x-long", String(repeating: "v", count: 70_000))
        if isTrailers {
            pair.server.submitResponse(stream: id, HeaderBlock([(":status", "200")]), endStream: false)
            pair.server.finish(stream: id, trailers: block)
        } else {
            pair.server.submitResponse(stream: id, block, endStream: true)
        }
        try pair.settle()
        #expect(summary(pair.clientEvents).contains("closed 1 2 true"))
        #expect(summary(pair.serverEvents).contains("closed 1 2 true"))
    }

    /// The peer lets one stream be open; the library keeps the other requests until their turn.
    @Test func requestThatIsGivenUpBeforeItsTurnIsGoneAtOnce() throws {
        var settings = HTTP2Settings()
        settings.maxConcurrentStreams = 1
        let pair = try Pair(serverSettings: settings)
        try pair.settle()
        let ids = try (0..<3).map { _ in try #require(pair.client.submitRequest(request, endStream: true)) }
        try pair.settle()
        pair.client.reset(stream: ids[1], .cancel)
        #expect(summary(pair.client.takeEvents()) == ["closed \(ids[1]) 8 true"])
        #expect(pair.client.openStreamCount == 2 && pair.client.abandonedRequestCount == 1)
        pair.client.reset(stream: ids[1], .cancel)
        #expect(pair.client.abandonedRequestCount == 1)
        pair.server.submitResponse(stream: ids[0], HeaderBlock([(":status", "200")]), endStream: true)
        try pair.settle()
        #expect(pair.client.abandonedRequestCount == 0)
        let arrived = summary(pair.serverEvents).filter { $0.hasPrefix("headers") }.map { $0.prefix(10) }
        #expect(arrived == ["headers \(ids[0]) ", "headers \(ids[2]) "])
        #expect(summary(pair.clientEvents).filter { $0.hasPrefix("closed") } == ["closed \(ids[0]) 0 false"])
    }

    /// It is on its way, so the peer hears that it was given up.
    @Test func requestThatIsGivenUpOnItsWayIsReset() throws {
        let pair = try Pair()
        try pair.settle()
        let id = try #require(pair.client.submitRequest(request, endStream: false))
        // The library does not know yet that the frame was taken.
        let taken = try pair.client.produce(budget: 1)
        pair.client.reset(stream: id, .cancel)
        #expect(pair.client.abandonedRequestCount == 0)
        for buffer in taken { try pair.server.receive(buffer) }
        try pair.settle()
        #expect(summary(pair.serverEvents).contains("closed \(id) 8 true"))
        #expect(summary(pair.clientEvents).contains("closed \(id) 8 true"))
        #expect(pair.client.openStreamCount == 0 && pair.client.abandonedRequestCount == 0)
    }

    @Test func answerToAPingSaysToWhich() throws {
        let pair = try Pair()
        try pair.settle()
        pair.server.ping(payload: 7)
        pair.server.ping(payload: .max)
        try pair.settle()
        let answers = pair.serverEvents.compactMap {
            if case .pingAcknowledged(let payload) = $0 { payload } else { nil }
        }
        #expect(answers == [7, .max])
    }

    @Test func pingOfAnAnnouncementComesBehindIt() throws {
        let pair = try Pair()
        try pair.settle()
        pair.clientEvents = []
        pair.server.announceShutdown(pinging: 1)
        try pair.settle()
        #expect(pair.clientEvents.count == 2)
        guard case .goAway(.max, .noError)? = pair.clientEvents.first, case .pinged? = pair.clientEvents.last else {
            Issue.record("\(pair.clientEvents)")
            return
        }
    }

    /// It needs no telling, but its answer is waited for all the same.
    @Test func aClientThatHasSaidThatItGoesIsPinged() throws {
        let pair = try Pair()
        _ = pair.client.submitRequest(request, endStream: false)
        pair.client.goAway(.noError)
        try pair.settle()
        pair.clientEvents = []
        pair.server.announceShutdown(pinging: 1)
        try pair.settle()
        guard pair.clientEvents.count == 1, case .pinged? = pair.clientEvents.first,
            case .pingAcknowledged(1)? = pair.serverEvents.last
        else {
            Issue.record("\(pair.clientEvents) and \(pair.serverEvents)")
            return
        }
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
