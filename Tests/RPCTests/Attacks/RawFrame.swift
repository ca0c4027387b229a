/// One HTTP/2 frame as it is on the wire (RFC 9113 §4.1), legal or not.
struct RawFrame: Sendable, Equatable {
    /// RFC 9113 §6.
    enum Kind: UInt8, CaseIterable {
        case data, headers, priority, resetStream, settings, pushPromise, ping, goAway, windowUpdate, continuation
    }

    static let endStream: UInt8 = 0x1
    static let acknowledged: UInt8 = 0x1
    static let endHeaders: UInt8 = 0x4

    var type: UInt8
    var flags: UInt8
    var stream: UInt32
    var payload: [UInt8]

    init(type: UInt8, flags: UInt8 = 0, stream: UInt32, payload: [UInt8] = []) {
        self.type = type
        self.flags = flags
        self.stream = stream
        self.payload = payload
    }

    init(_ kind: Kind, flags: UInt8 = 0, stream: UInt32, payload: [UInt8] = []) {
        self.init(type: kind.rawValue, flags: flags, stream: stream, payload: payload)
    }

    var kind: Kind? { Kind(rawValue: type) }

    var bytes: [UInt8] {
        let length = payload.count
        let head = [UInt8(length >> 16), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF), type, flags]
        return head + Self.number(stream) + payload
    }

    static func number(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 0xFF), UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)]
    }

    // MARK: Frames of well-behaved clients, to build attacks from

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    static let settings = RawFrame(.settings, stream: 0)
    static let settingsAcknowledged = RawFrame(.settings, flags: acknowledged, stream: 0)

    static func settings(_ entries: [(id: UInt16, value: UInt32)]) -> RawFrame {
        let payload = entries.flatMap { [UInt8($0.id >> 8), UInt8($0.id & 0xFF)] + number($0.value) }
        return RawFrame(.settings, stream: 0, payload: payload)
    }

    static func ping(_ value: UInt8 = 0, isAnswer: Bool = false) -> RawFrame {
        RawFrame(
            .ping, flags: isAnswer ? acknowledged : 0, stream: 0, payload: [UInt8](repeating: value, count: 8))
    }

    static func windowUpdate(stream: UInt32, by increment: UInt32) -> RawFrame {
        RawFrame(.windowUpdate, stream: stream, payload: number(increment))
    }

    static func resetStream(_ stream: UInt32) -> RawFrame {
        RawFrame(.resetStream, stream: stream, payload: number(8))
    }

    static func priority(_ stream: UInt32, on dependency: UInt32) -> RawFrame {
        RawFrame(.priority, stream: stream, payload: number(dependency) + [16])
    }

    static func data(_ stream: UInt32, _ payload: [UInt8], end: Bool = false) -> RawFrame {
        RawFrame(.data, flags: end ? endStream : 0, stream: stream, payload: payload)
    }

    static func request(
        _ stream: UInt32, path: String = "/test.Echo/Echo", extra: [(String, String)] = [], end: Bool = false
    ) -> RawFrame {
        RawFrame(
            .headers, flags: endHeaders | (end ? endStream : 0), stream: stream,
            payload: requestBlock(path: path, extra: extra))
    }

    /// Literals without indexing and without Huffman coding (RFC 7541 §6.2.2).
    static func requestBlock(path: String = "/test.Echo/Echo", extra: [(String, String)] = []) -> [UInt8] {
        let fields = [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "x"),
            ("content-type", "application/grpc"), ("te", "trailers"),
        ]
        return (fields + extra).flatMap { literal($0.0, $0.1) }
    }

    /// `first` 0x00 is a literal without indexing, 0x40 one that enters the dynamic table.
    static func literal(_ name: String, _ value: String, first: UInt8 = 0) -> [UInt8] {
        [first] + string(name) + string(value)
    }

    private static func string(_ text: String) -> [UInt8] {
        integer(text.utf8.count) + Array(text.utf8)
    }

    /// A length with its 7-bit prefix (RFC 7541 §5.1).
    private static func integer(_ value: Int) -> [UInt8] {
        guard value >= 127 else { return [UInt8(value)] }
        var bytes: [UInt8] = [127]
        var rest = value - 127
        while rest >= 128 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    /// A gRPC message with its prefix.
    static func message(_ bytes: [UInt8], flag: UInt8 = 0) -> [UInt8] { [flag] + number(UInt32(bytes.count)) + bytes }
}
