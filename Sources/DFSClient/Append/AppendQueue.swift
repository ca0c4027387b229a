import DFSCore
import NIOCore
import Synchronization

/// The records of one appender that are not acknowledged yet, in order, and who waits for what.
struct AppendQueue {
    struct Item {
        let id: RecordID
        let data: ByteBuffer
        let crc32c: UInt32
        /// Told when it is acknowledged; `nil` where nobody waits for it alone.
        let acknowledged: AsyncThrowingStream<Never, any Error>.Continuation?
    }

    /// A record that is larger than all this is taken alone.
    static let maxByteCount = 8 << 20
    static let maxCount = 1024

    private(set) var items: [Item] = []
    private(set) var byteCount = 0
    /// So many of the first ones are on their way.
    private(set) var sentCount = 0
    /// So many of the first ones may be in the chunk, by this call or an earlier one to it.
    private(set) var triedCount = 0
    /// Bytes that were acknowledged, or found to be in the file, so far.
    private(set) var doneByteCount = 0
    private(set) var doneCount = 0
    /// Nothing comes any more.
    var isFinished = false
    private(set) var failure: DFSError?
    private var roomWaiters: [AsyncStream<Never>.Continuation] = []
    private var emptyWaiters: [AsyncThrowingStream<Never, any Error>.Continuation] = []
    /// Wakes the task that sends.
    var onChange: AsyncStream<Void>.Continuation?

    var isEmpty: Bool { items.isEmpty }

    var hasUnsent: Bool { sentCount < items.count }

    func hasRoom(for count: Int) -> Bool {
        items.isEmpty || (items.count < Self.maxCount && byteCount + count <= Self.maxByteCount)
    }

    mutating func append(_ item: Item) {
        items.append(item)
        byteCount += item.data.readableBytes
        onChange?.yield()
    }

    /// The next one to send; `nil` where none waits.
    mutating func takeUnsent() -> Item? {
        guard sentCount < items.count else { return nil }
        sentCount += 1
        triedCount = max(triedCount, sentCount)
        return items[sentCount - 1]
    }

    /// What was sent is sent again, over another call.
    mutating func rewind() { sentCount = 0 }

    /// Those that are left are in no chunk.
    mutating func settle() { triedCount = 0 }

    /// The first one is in the file.
    mutating func finishFirst() {
        let item = items.removeFirst()
        byteCount -= item.data.readableBytes
        doneByteCount += item.data.readableBytes
        doneCount += 1
        sentCount = max(0, sentCount - 1)
        triedCount = max(0, triedCount - 1)
        item.acknowledged?.finish()
        for waiter in roomWaiters { waiter.finish() }
        roomWaiters = []
        if items.isEmpty { tellEmpty(nil) }
    }

    /// Nothing more is appended; everybody is told why.
    mutating func fail(_ error: DFSError) {
        failure = failure ?? error
        for item in items { item.acknowledged?.finish(throwing: error) }
        (items, byteCount, sentCount, triedCount) = ([], 0, 0, 0)
        for waiter in roomWaiters { waiter.finish() }
        roomWaiters = []
        tellEmpty(error)
        onChange?.yield()
    }

    /// Ends when something has changed that may make room.
    mutating func waitForRoom() -> AsyncStream<Never> {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        roomWaiters.append(continuation)
        return stream
    }

    /// Ends when all is acknowledged.
    mutating func waitUntilEmpty() -> AsyncThrowingStream<Never, any Error> {
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: Never.self)
        if let failure {
            continuation.finish(throwing: failure)
        } else if items.isEmpty {
            continuation.finish()
        } else {
            emptyWaiters.append(continuation)
        }
        return stream
    }

    private mutating func tellEmpty(_ error: DFSError?) {
        for waiter in emptyWaiters { waiter.finish(throwing: error) }
        emptyWaiters = []
    }
}

/// The queue that an appender's callers fill and its sending task empties.
final class SharedAppendQueue: Sendable {
    private let queue = Mutex(AppendQueue())

    func withLock<Result, Failure: Error>(
        _ body: (inout AppendQueue) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        try queue.withLock(body)
    }
}
