@testable import RPC

/// Header blocks, and what a client may do with them.
extension ProtocolRule {
    /// Blocks that no encoder makes (RFC 7541).
    static let compression: [Self] = [
        Self(
            "RFC 7541 2.3.3", "a field beyond both tables", headers(block + [0xC6]),
            answer: .connectionError(.compression)),
        Self(
            "RFC 7541 2.3.3", "a name beyond both tables", headers(block + [0x7F, 0x07, 1, 0x61]),
            answer: .connectionError(.compression)),
        Self(
            "RFC 7541 4.2", "a table size behind the first field", headers(block + [0x20]),
            answer: .connectionError(.compression)),
        Self(
            "RFC 7541 5.2", "Huffman padding of more than seven bits", headers(block + name + [0x82, 0x1F, 0xFF]),
            answer: .connectionError(.compression)),
        Self(
            "RFC 7541 5.2", "Huffman padding of zeros", headers(block + name + [0x81, 0x18]),
            answer: .connectionError(.compression)),
        Self(
            "RFC 7541 5.2", "a Huffman end of string in a string",
            headers(block + name + [0x85, 0x1F, 0xFF, 0xFF, 0xFF, 0xFF]), answer: .connectionError(.compression)),
        Self(
            "RFC 7541 5.1", "a length that never ends",
            headers(block + [0x00, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
            answer: .connectionError(.compression)),
        Self(
            "RFC 7541 5.2", "a string longer than its block", headers(block + name + [0x10, 0x61]),
            answer: .connectionError(.compression)),
    ]

    private static let block = RawFrame.requestBlock()
    /// A literal without indexing, up to its value.
    private static let name: [UInt8] = [0x00, 1, 0x78]

    /// What few clients do and every client may.
    static let legal: [Self] = [
        served("4.1", "the reserved bit of a stream's number", [.request(0x8000_0001)]),
        served("6.2", "padded HEADERS", [headers([2] + block + [0, 0], flags: RawFrame.endHeaders | padded)]),
        served(
            "6.2", "HEADERS with a priority",
            [headers([0x80, 0, 0, 0, 255] + block, flags: RawFrame.endHeaders | prioritized)]),
        served(
            "6.2", "padded HEADERS with a priority",
            [headers([1, 0, 0, 0, 0, 1] + block + [0], flags: RawFrame.endHeaders | padded | prioritized)]),
        served("6.3", "PRIORITY before the request", [.priority(1, on: 3), .request(1)]),
        served(
            "6.10", "a block in four parts",
            [
                headers(Array(block[..<5]), flags: 0), RawFrame(.continuation, stream: 1, payload: Array(block[5..<6])),
                RawFrame(.continuation, stream: 1), lastPart(Array(block[6...])),
            ]),
        served("RFC 7541 6.1", "fields of the static table", [headers([0x83, 0x86] + unindexed)]),
        served("RFC 7541 6.2.1", "literals that enter the table", [headers(block + [0x40, 1, 0x78, 1, 0x61])]),
        served(
            "RFC 7541 6.1", "fields of the dynamic table", [headers(block + [0x40, 1, 0x78, 1, 0x61, 0xBE])]),
        served("RFC 7541 6.2.2", "a literal with a name of the table", [headers(block + [0x0F, 0x2B, 1, 0x61])]),
        served("RFC 7541 6.2.3", "a literal never to be indexed", [headers(block + [0x10, 1, 0x78, 1, 0x61])]),
        served("RFC 7541 5.2", "a value in Huffman code", [headers(block + name + [0x81, 0x1F])]),
        served("RFC 7541 6.3", "a table of size 0", [headers([0x20] + block)]),
    ]

    /// The request without the two fields that the static table has.
    private static let unindexed = [
        (":path", "/test.Echo/Echo"), (":authority", "x"), ("content-type", "application/grpc"), ("te", "trailers"),
    ].flatMap { RawFrame.literal($0.0, $0.1) }

    private static func lastPart(_ payload: [UInt8]) -> RawFrame {
        RawFrame(.continuation, flags: RawFrame.endHeaders, stream: 1, payload: payload)
    }

    /// `request` opens stream 1; its message follows, padded.
    private static func served(_ section: String, _ text: String, _ request: [RawFrame]) -> Self {
        Self(section, text, bytes: (request + [paddedMessage]).flatMap(\.bytes), answer: .served)
    }

    static let paddedMessage = RawFrame(
        .data, flags: RawFrame.endStream | padded, stream: 1, payload: [3] + message + [0, 0, 0])
}
