import Testing

@testable import RPC

/// A rule of RFC 9113 or RFC 7541 that a client breaks or just keeps, and what a server must do about it.
struct ProtocolRule: Sendable, CustomTestStringConvertible {
    /// RFC 9113 §7.
    enum Code: UInt32, Sendable {
        case protocolError = 1, flowControl = 3, streamClosed = 5, frameSize = 6, compression = 9
    }

    enum Answer: Sendable {
        /// GOAWAY with this code, and the end of the connection.
        case connectionError(Code)
        /// RST_STREAM of stream 1 with this code; other streams go on.
        case streamError(Code)
        /// The RFC leaves the choice of the two to the server.
        case eitherError(Code)
        /// Nothing: the connection goes on.
        case ignored
        /// A call of `Echo` on stream 1 gets ``ProtocolRule/message`` back: what is legal is served.
        case served
    }

    let section: String
    let text: String
    let bytes: [UInt8]
    let answer: Answer

    init(_ section: String, _ text: String, _ frames: RawFrame..., answer: Answer) {
        self.init(section, text, bytes: frames.flatMap(\.bytes), answer: answer)
    }

    init(_ section: String, _ text: String, bytes: [UInt8], answer: Answer) {
        self.section = section
        self.text = text
        self.bytes = bytes
        self.answer = answer
    }

    var testDescription: String { "\(section) \(text)" }

    /// A request on stream 1 made of `fields` alone, and nothing after it.
    static func request(_ section: String, _ text: String, _ fields: [(String, String)], answer: Answer) -> Self {
        let block = fields.flatMap { RawFrame.literal($0.0, $0.1) }
        let flags = RawFrame.endHeaders | RawFrame.endStream
        return Self(section, text, RawFrame(.headers, flags: flags, stream: 1, payload: block), answer: answer)
    }
}

extension ProtocolRule {
    static let open = RawFrame.request(1, path: Arena.deaf.path)
    static let halfClosed = RawFrame.request(1, path: Arena.deaf.path, end: true)
    static let padded: UInt8 = 0x8
    static let prioritized: UInt8 = 0x20
    /// What the calls that are served send, and get back.
    static let message = RawFrame.message([1, 2, 3])
    private static let fields = [
        (":method", "POST"), (":scheme", "http"), (":path", "/test.Echo/Echo"), (":authority", "x"),
        ("content-type", "application/grpc"), ("te", "trailers"),
    ]

    private static func without(_ name: String) -> [(String, String)] { fields.filter { $0.0 != name } }

    static func headers(_ payload: [UInt8], flags: UInt8 = RawFrame.endHeaders, stream: UInt32 = 1) -> RawFrame {
        RawFrame(.headers, flags: flags, stream: stream, payload: payload)
    }

    /// Frames and their order.
    static let framing: [Self] = [
        Self(
            "4.2", "a frame above SETTINGS_MAX_FRAME_SIZE", bytes: [0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 1],
            answer: .connectionError(.frameSize)),
        Self("4.3", "an index that is no field", headers([0x80]), answer: .connectionError(.compression)),
        Self(
            "4.3", "a dynamic table above SETTINGS_HEADER_TABLE_SIZE", headers([0x3F, 0xE1, 0xFF, 0xFF, 0x07]),
            answer: .connectionError(.compression)),
        Self(
            "4.3", "a frame between the parts of a header block", headers(RawFrame.requestBlock(), flags: 0), .ping(),
            answer: .connectionError(.protocolError)),
        Self(
            "4.3", "a header block that goes on in another stream", headers(RawFrame.requestBlock(), flags: 0),
            RawFrame(.continuation, flags: RawFrame.endHeaders, stream: 3), answer: .connectionError(.protocolError)),
        Self("5.1", "DATA after END_STREAM", halfClosed, .data(1, [1]), answer: .eitherError(.streamClosed)),
        Self(
            "5.1", "HEADERS after END_STREAM", halfClosed, headers(RawFrame.requestBlock()),
            answer: .eitherError(.streamClosed)),
        Self("5.1.1", "a request with an even number", .request(2), answer: .connectionError(.protocolError)),
        Self("5.5", "a frame of an unknown type", RawFrame(type: 0xF0, stream: 1, payload: [1]), answer: .ignored),
        Self(
            "5.5", "flags that a frame does not know", RawFrame(.ping, flags: 0xFE, stream: 0, payload: ping),
            answer: .ignored),
        Self(
            "5.5", "a frame of an unknown type between the parts of a header block",
            headers(RawFrame.requestBlock(), flags: 0), RawFrame(type: 0xF0, stream: 1, payload: [1]),
            answer: .connectionError(.protocolError)),
        Self("6.1", "DATA of stream 0", .data(0, [1]), answer: .connectionError(.protocolError)),
        Self(
            "6.1", "padding as long as the frame", open, RawFrame(.data, flags: padded, stream: 1, payload: [4, 0, 0]),
            answer: .connectionError(.protocolError)),
        Self("6.2", "HEADERS of stream 0", .request(0), answer: .connectionError(.protocolError)),
        Self(
            "6.2", "padding longer than the block", headers([9, 0x82], flags: RawFrame.endHeaders | padded),
            answer: .connectionError(.protocolError)),
        Self("6.3", "PRIORITY of stream 0", .priority(0, on: 1), answer: .connectionError(.protocolError)),
        Self(
            "6.3", "PRIORITY of four bytes", RawFrame(.priority, stream: 1, payload: [0, 0, 0, 0]),
            answer: .eitherError(.frameSize)),
        Self("6.4", "RST_STREAM of stream 0", .resetStream(0), answer: .connectionError(.protocolError)),
        Self(
            "6.4", "RST_STREAM of three bytes", open, RawFrame(.resetStream, stream: 1, payload: [0, 0, 0]),
            answer: .connectionError(.frameSize)),
        Self("6.6", "PUSH_PROMISE from a client", promise, answer: .connectionError(.protocolError)),
        Self(
            "6.7", "PING of a stream", RawFrame(.ping, stream: 1, payload: ping),
            answer: .connectionError(.protocolError)),
        Self(
            "6.7", "PING of six bytes", RawFrame(.ping, stream: 0, payload: [0, 0, 0, 0, 0, 0]),
            answer: .connectionError(.frameSize)),
        Self(
            "6.7", "an answer to no PING", RawFrame(.ping, flags: RawFrame.acknowledged, stream: 0, payload: ping),
            answer: .ignored),
        Self(
            "6.8", "GOAWAY of a stream", RawFrame(.goAway, stream: 1, payload: ping),
            answer: .connectionError(.protocolError)),
        Self(
            "6.10", "CONTINUATION of nothing", RawFrame(.continuation, stream: 1),
            answer: .connectionError(.protocolError)),
        Self(
            "6.10", "CONTINUATION after the end of a block", open, RawFrame(.continuation, stream: 1),
            answer: .connectionError(.protocolError)),
        Self(
            "6.10", "CONTINUATION of stream 0", headers(RawFrame.requestBlock(), flags: 0),
            RawFrame(.continuation, flags: RawFrame.endHeaders, stream: 0), answer: .connectionError(.protocolError)),
        Self(
            "6.10", "CONTINUATION after the last part of a block", headers(RawFrame.requestBlock(), flags: 0),
            RawFrame(.continuation, flags: RawFrame.endHeaders, stream: 1),
            RawFrame(.continuation, flags: RawFrame.endHeaders, stream: 1), answer: .connectionError(.protocolError)),
        Self(
            "6.10", "PRIORITY between the parts of a block", headers(RawFrame.requestBlock(), flags: 0),
            .priority(1, on: 0), answer: .connectionError(.protocolError)),
        Self(
            "6.10", "HEADERS of another stream between the parts of a block",
            headers(RawFrame.requestBlock(), flags: 0), .request(3), answer: .connectionError(.protocolError)),
        Self(
            "6.10", "CONTINUATION after DATA", open, .data(1, [1]),
            RawFrame(.continuation, flags: RawFrame.endHeaders, stream: 1), answer: .connectionError(.protocolError)),
        Self(
            "6.10", "DATA between the parts of a block", headers(RawFrame.requestBlock(), flags: 0), .data(1, [1]),
            answer: .connectionError(.protocolError)),
    ]

    private static let ping = [UInt8](repeating: 0, count: 8)
    private static let promise = RawFrame(
        .pushPromise, flags: RawFrame.endHeaders, stream: 1, payload: [0, 0, 0, 2] + RawFrame.requestBlock())

    /// SETTINGS and windows.
    static let settingsAndWindows: [Self] = [
        Self(
            "6.5", "an acknowledgement with a payload",
            RawFrame(.settings, flags: RawFrame.acknowledged, stream: 0, payload: [0, 1, 0, 0, 0, 0]),
            answer: .connectionError(.frameSize)),
        Self("6.5", "SETTINGS of a stream", RawFrame(.settings, stream: 1), answer: .connectionError(.protocolError)),
        Self(
            "6.5", "half a setting", RawFrame(.settings, stream: 0, payload: [0, 1, 0]),
            answer: .connectionError(.frameSize)),
        Self("6.5.2", "ENABLE_PUSH of 2", .settings([(id: 2, value: 2)]), answer: .connectionError(.protocolError)),
        Self(
            "6.5.2", "INITIAL_WINDOW_SIZE above 2^31-1", .settings([(id: 4, value: 1 << 31)]),
            answer: .connectionError(.flowControl)),
        Self(
            "6.5.2", "MAX_FRAME_SIZE below 2^14", .settings([(id: 5, value: (1 << 14) - 1)]),
            answer: .connectionError(.protocolError)),
        Self(
            "6.5.2", "MAX_FRAME_SIZE above 2^24-1", .settings([(id: 5, value: 1 << 24)]),
            answer: .connectionError(.protocolError)),
        Self("6.5.2", "an unknown setting", .settings([(id: 0xABCD, value: 7)]), answer: .ignored),
        Self(
            "6.9", "an increment of 0 for the connection", .windowUpdate(stream: 0, by: 0),
            answer: .connectionError(.protocolError)),
        Self(
            "6.9", "an increment of 0 for a stream", open, .windowUpdate(stream: 1, by: 0),
            answer: .eitherError(.protocolError)),
        Self(
            "6.9", "WINDOW_UPDATE of three bytes", RawFrame(.windowUpdate, stream: 0, payload: [0, 0, 1]),
            answer: .connectionError(.frameSize)),
        Self(
            "6.9.1", "a connection's window above 2^31-1", .windowUpdate(stream: 0, by: 0x7FFF_FFFF),
            answer: .connectionError(.flowControl)),
        Self(
            "6.9.1", "a stream's window above 2^31-1", open, .windowUpdate(stream: 1, by: 0x7FFF_FFFF),
            answer: .streamError(.flowControl)),
    ]

    /// Requests that are malformed (§8.1.1): errors of their stream.
    static let requests: [Self] = [
        request("8.2.1", "an upper-case name", fields + [("X-Name", "1")], answer: malformed),
        request("8.2.1", "a line break in a value", fields + [("x-name", "a\r\nb")], answer: malformed),
        request("8.2.2", "a connection header", fields + [("connection", "close")], answer: malformed),
        request("8.2.2", "a keep-alive header", fields + [("keep-alive", "1")], answer: malformed),
        request("8.2.2", "transfer-encoding", fields + [("transfer-encoding", "chunked")], answer: malformed),
        request("8.2.2", "te other than trailers", without("te") + [("te", "gzip")], answer: malformed),
        request("8.3", "an unknown pseudo-header", [(":other", "1")] + fields, answer: malformed),
        request("8.3", "a response's pseudo-header", [(":status", "200")] + fields, answer: malformed),
        request("8.3", "a pseudo-header after others", without(":path") + [(":path", "/a/b")], answer: malformed),
        request("8.3.1", "no :method", without(":method"), answer: malformed),
        request("8.3.1", "no :scheme", without(":scheme"), answer: malformed),
        request("8.3.1", "no :path", without(":path"), answer: malformed),
        request("8.3.1", "an empty :path", [(":path", "")] + without(":path"), answer: malformed),
        request("8.3.1", "two of :method", [(":method", "POST")] + fields, answer: malformed),
        request("8.3.1", "two of :path", [(":path", "/a/b")] + fields, answer: malformed),
        request("8.3.1", "two of :scheme", [(":scheme", "http")] + fields, answer: malformed),
        request("8.1.1", "a content-length that does not hold", fields + [("content-length", "5")], answer: malformed),
        Self(
            "8.1.1", "a content-length that several frames do not add up to",
            .request(1, path: Arena.deaf.path, extra: [("content-length", "3")]), .data(1, [1]),
            .data(1, [1], end: true), answer: malformed),
        Self(
            "8.1", "trailers with a pseudo-header", open,
            headers(RawFrame.literal(":path", "/"), flags: RawFrame.endHeaders | RawFrame.endStream), answer: malformed),
        Self(
            "8.1", "trailers that do not end the stream", open, headers(RawFrame.literal("x", "1")), answer: malformed),
    ]

    private static let malformed = Answer.streamError(.protocolError)
}
