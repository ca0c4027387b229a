/// Bytes of one stream that were received and not given back to the windows of HTTP/2.
struct WindowCharge {
    /// What is given back at once.
    struct Credit: Equatable {
        var both = 0
        var streamAlone = 0
        var connectionAlone = 0
    }

    /// Bytes that the stream's window has not back.
    var byteCount = 0
    /// Of these, what the connection's window has back already.
    private var aheadByteCount = 0

    /// Gives back all but what is held: `held` of both windows, `heldOfStream` of the stream's alone.
    mutating func settle(held: Int, heldOfStream: Int) -> Credit {
        let stream = max(0, byteCount - held - heldOfStream)
        let streamAlone = min(stream, aheadByteCount)
        byteCount -= stream
        aheadByteCount -= streamAlone
        let connectionAlone = max(0, byteCount - held - aheadByteCount)
        aheadByteCount += connectionAlone
        return Credit(both: stream - streamAlone, streamAlone: streamAlone, connectionAlone: connectionAlone)
    }
}
