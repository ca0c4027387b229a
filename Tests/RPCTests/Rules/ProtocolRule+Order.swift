@testable import RPC

// Frames where they must not be, header blocks that cannot be read, and what is to be passed over.
extension ProtocolRule {
    private static let open = RawFrame.request(1, path: Arena.deaf.path)
    private static let begun = RawFrame(.headers, flags: 0, stream: 1, payload: RawFrame.requestBlock())

    private static func block(_ end: [UInt8]) -> RawFrame {
        RawFrame(
            .headers, flags: RawFrame.endHeaders | RawFrame.endStream, stream: 1, payload: RawFrame.requestBlock() + end
        )
    }

    /// Streams and frames in an order that there cannot be.
    static let order: [Self] = [
        Self("5.1", "DATA of a stream that was not opened", .data(1, [1]), answer: .connectionError(.protocolError)),
        Self(
            "5.1", "RST_STREAM of a stream that was not opened", .resetStream(1),
            answer: .connectionError(.protocolError)),
        Self(
            "5.1", "WINDOW_UPDATE of a stream that was not opened", .windowUpdate(stream: 1, by: 1),
            answer: .connectionError(.protocolError)),
        Self(
            "4.3", "PRIORITY between the parts of a header block", begun, .priority(1, on: 0),
            answer: .connectionError(.protocolError)),
        Self(
            "4.3", "another stream's HEADERS between the parts", begun, .request(3),
            answer: .connectionError(.protocolError)),
        Self(
            "5.5", "an unknown frame between the parts", begun, RawFrame(type: 0xF0, stream: 1, payload: [1]),
            answer: .connectionError(.protocolError)),
        Self(
            "6.10", "CONTINUATION of stream 0", begun, RawFrame(.continuation, flags: RawFrame.endHeaders, stream: 0),
            answer: .connectionError(.protocolError)),
        Self(
            "6.10", "CONTINUATION after one that ended the block", begun,
            RawFrame(.continuation, flags: RawFrame.endHeaders, stream: 1),
            RawFrame(.continuation, flags: RawFrame.endHeaders, stream: 1), answer: .connectionError(.protocolError)),
        Self(
            "6.10", "CONTINUATION after DATA", open, .data(1, [1]),
            RawFrame(.continuation, flags: RawFrame.endHeaders, stream: 1), answer: .connectionError(.protocolError)),
    ]

    /// Header blocks (RFC 7541) behind a request that is whole without their last bytes.
    static let compression: [Self] = [
        Self(
            "4.3, 7541 §2.3.3", "a field by an index that is none", block([0xFF, 0x80, 0x01]),
            answer: .connectionError(.compression)),
        Self(
            "4.3, 7541 §2.3.3", "a name by an index that is none", block([0x7F, 0x80, 0x01, 1, 0x61]),
            answer: .connectionError(.compression)),
        Self(
            "4.3, 7541 §4.2", "a change of the table's size behind fields", block([0x20]),
            answer: .connectionError(.compression)),
        // "a" in Huffman's code is 00011, then come ones up to the end of the byte.
        Self(
            "4.3, 7541 §5.2", "Huffman padding of more than seven bits", block([0x40, 1, 0x78, 0x82, 0x1F, 0xFF]),
            answer: .connectionError(.compression)),
        Self(
            "4.3, 7541 §5.2", "Huffman padding of zeros", block([0x40, 1, 0x78, 0x81, 0x18]),
            answer: .connectionError(.compression)),
        Self(
            "4.3, 7541 §5.2", "the end of string in a Huffman string",
            block([0x40, 1, 0x78, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]),
            answer: .connectionError(.compression)),
    ]

    /// What a server passes over.
    static let ignored: [Self] = [
        Self(
            "4.1", "the reserved bit", RawFrame(.ping, stream: 1 << 31, payload: [UInt8](repeating: 0, count: 8)),
            answer: .ignored),
        Self(
            "7", "an unknown code in RST_STREAM", open, RawFrame(.resetStream, stream: 1, payload: [0, 0, 0, 0xFF]),
            answer: .ignored),
        Self("6.3", "PRIORITY of a stream that was not opened", .priority(7, on: 0), answer: .ignored),
    ]
}
