import NIOCore

/// What varies of a session. It lies behind a pointer, since Swift checks properties of a class for exclusive access at run
/// time, which took a seventh of the CPU of a unary call. What the checks would find is kept out by the rules of
/// ``HTTP2Session``: one thread, and no call from within another.
struct SessionState: ~Copyable {
    var streams = StreamTable<HTTP2Stream>()
    var events = EventQueue()
    /// The bytes being received: data events are slices of it.
    var input = ByteBuffer()
    /// Where the readable bytes of ``input`` are, while the library reads them.
    var inputStart: UnsafeRawPointer?
    /// Whether ``events`` has slices of the input.
    var hasSlices = false
    var streamEnds: StreamEnds
    /// The header blocks that streams begin with, and those behind their data.
    var firstHeaders = RepeatedHeaders()
    var trailers = RepeatedHeaders()
    /// Which of the two is being received.
    var isTrailers = false
    var output = OutputBuffers()
    var outputBudget = 0
    var frameCounts = FrameCounts()
    var queuedByteCount = 0
    /// Requests that were given up and that the library keeps until their turn comes.
    var abandonedRequestCount = 0
    var framedByteCount: UInt64 = 0
    /// The header block that has begun and is not complete.
    var openHeaderBlock: (stream: Int32, serial: UInt64)?
    var headerBlockCount: UInt64 = 0
    /// Whether data of the DATA frame being received has come.
    var hasDataOfFrame = false
    var hasSentHeadersOrData = false
    /// The payload of a ping that goes when GOAWAY is framed: the library sends pings before all that waits.
    var pingBehindGoAway: UInt64?
    var hasReceivedGoAway = false

    init(role: HTTP2Session.Role) { streamEnds = StreamEnds(role: role) }
}
