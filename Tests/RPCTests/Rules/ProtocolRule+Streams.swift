@testable import RPC

/// What may come in which state of a stream.
extension ProtocolRule {
    /// States of streams (§5.1), the length of their frames, and codes that nobody knows (§7).
    static let streams: [Self] = [
        Self("5.1", "DATA of an idle stream", .data(1, [1]), answer: .connectionError(.protocolError)),
        Self("5.1", "RST_STREAM of an idle stream", .resetStream(1), answer: .connectionError(.protocolError)),
        Self(
            "5.1", "WINDOW_UPDATE of an idle stream", .windowUpdate(stream: 1, by: 1),
            answer: .connectionError(.protocolError)),
        Self("5.1", "PRIORITY of an idle stream", .priority(1, on: 0), answer: .ignored),
        Self(
            "5.1", "CONTINUATION after END_STREAM", halfClosed, RawFrame(.continuation, stream: 1),
            answer: .connectionError(.protocolError)),
        Self("5.1", "WINDOW_UPDATE of a stream that was reset", open, .resetStream(1), update, answer: .ignored),
        Self("5.1", "RST_STREAM of a stream that was reset", open, .resetStream(1), .resetStream(1), answer: .ignored),
        // The RFC lets the server ignore it, or end the connection; other streams must not suffer from a late frame.
        Self("5.1", "DATA of a stream that was reset", open, .resetStream(1), .data(1, [1]), answer: .ignored),
        Self(
            "5.1", "CONTINUATION of a stream that was reset", open, .resetStream(1), RawFrame(.continuation, stream: 1),
            answer: .connectionError(.protocolError)),
        Self("4.2", "HEADERS above the frame size of the server", long(.headers), answer: .connectionError(.frameSize)),
        Self("4.2", "DATA above the frame size of the server", open, long(.data), answer: .eitherError(.frameSize)),
        Self(
            "7", "RST_STREAM with an unknown code", open,
            RawFrame(.resetStream, stream: 1, payload: RawFrame.number(0xFF)), answer: .ignored),
    ]

    private static let update = RawFrame.windowUpdate(stream: 1, by: 1)

    /// A byte longer than the server takes.
    private static func long(_ kind: RawFrame.Kind) -> RawFrame {
        let limit = RPCServer.Configuration().http2.maxFrameSize
        return RawFrame(kind, flags: RawFrame.endHeaders, stream: 1, payload: [UInt8](repeating: 0, count: limit + 1))
    }
}
