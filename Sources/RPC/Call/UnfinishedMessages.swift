/// What the calls of one connection hold of messages that are not whole yet. Lives on the connection's event loop.
///
/// A message may be larger than a stream's window, so the bytes of one that a reader waits for are given back before it is
/// whole, and the windows bound them no more. This does, by two marks of their sum:
///
/// - below ``freeByteCount`` each message grows as it comes;
/// - above it only one at a time, the runner, may grow beyond its stream's window. When it is whole, or its call has ended, the
///   next runs. The connection's window is given back all the same: held, it could be full of messages that must not grow;
/// - above ``maxByteCount`` a call whose message grows ends with RESOURCE_EXHAUSTED, unless it is the runner.
final class UnfinishedMessages {
    /// The same for what is queued the other way (``ConnectionLimits/maxQueuedByteCount``).
    static let maxByteCount = 128 << 20

    private let freeByteCount: Int
    private var byteCount = 0
    private var runner: Int32?
    /// Calls whose streams' windows were not given back.
    private var waiting: [Int32: CallStream] = [:]

    init(connectionWindow: Int) { freeByteCount = 2 * connectionWindow }

    /// The part of a call's message has another size now.
    ///
    /// - Returns: false where it has grown and there is no room for it.
    func change(_ id: Int32, from old: Int, to new: Int) -> Bool {
        byteCount += new - old
        // Less than before: a message has become whole, or was dropped.
        if new < old { leave(id) }
        return new <= old || byteCount <= Self.maxByteCount || runner == id
    }

    /// Whether the window of the call's stream is to be given back; if not now, its ``CallStream/returnCredit()`` is called when
    /// it is.
    func mayGrow(_ stream: CallStream) -> Bool {
        if byteCount <= freeByteCount || runner == stream.id { return true }
        if runner == nil {
            runner = stream.id
            waiting[stream.id] = nil
            return true
        }
        waiting[stream.id] = stream
        return false
    }

    /// The call's message is whole, or nobody waits for it any more.
    func leave(_ id: Int32) {
        if runner == id { runner = nil }
        if waiting.isEmpty { return }
        waiting[id] = nil
        guard runner == nil || byteCount <= freeByteCount else { return }
        let woken = waiting.values
        waiting = [:]
        for stream in woken { stream.returnCredit() }
    }
}
