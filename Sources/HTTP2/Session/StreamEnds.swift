import CNGHTTP2

/// Finds where the first request (or answer, at a client) is complete in what has come: behind a frame with END_STREAM,
/// and what follows it, up to the next HEADERS frame.
///
/// Taking the input in such pieces lets each call be answered, and its memory be used again by the next, before the next
/// is looked at. Nothing depends on where the pieces end: the library checks the frames, this only counts.
struct StreamEnds {
    /// Length, type and flags of a frame (RFC 9113 §4.1).
    private static let headCount = 5
    private static let streamIDByteCount = 4
    private static let prefaceByteCount = 24

    /// Bytes to the next frame's head.
    private var skipped: Int
    /// The bytes of a head that was cut, the last one lowest.
    private var head: UInt64 = 0
    private var headByteCount = 0
    private var hasEnded = false

    init(role: HTTP2Session.Role) { skipped = role == .server ? Self.prefaceByteCount : 0 }

    /// How many of the bytes are to be taken at once; all where nothing ends in them. The next call goes on behind them.
    mutating func next(in bytes: UnsafeRawBufferPointer) -> Int {
        hasEnded = false
        var index = 0
        while true {
            let step = min(skipped, bytes.count - index)
            index += step
            skipped -= step
            if index == bytes.count { return index }
            if headByteCount == 0, index + Self.headCount <= bytes.count {
                let length = Int(bytes[index]) << 16 | Int(bytes[index + 1]) << 8 | Int(bytes[index + 2])
                if hasEnded, UInt32(bytes[index + 3]) == NGHTTP2_HEADERS.rawValue { return index }
                begin(length: length, type: bytes[index + 3], flags: bytes[index + 4])
                index += Self.headCount
            } else {
                head = head << 8 | UInt64(bytes[index])
                headByteCount += 1
                index += 1
                guard headByteCount == Self.headCount else { continue }
                begin(
                    length: Int(head >> 16), type: UInt8(truncatingIfNeeded: head >> 8),
                    flags: UInt8(truncatingIfNeeded: head))
                head = 0
                headByteCount = 0
            }
        }
    }

    private mutating func begin(length: Int, type: UInt8, flags: UInt8) {
        skipped = length + Self.streamIDByteCount
        let type = UInt32(type)
        guard type == NGHTTP2_HEADERS.rawValue || type == NGHTTP2_DATA.rawValue else { return }
        if flags & dfs_nghttp2_flag_end_stream != 0 { hasEnded = true }
    }
}
