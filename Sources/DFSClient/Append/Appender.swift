import DFSCore
import DFSFiles
import NIOCore

/// What an append asks for.
public struct AppendOptions: Sendable {
    /// Whether a file that does not exist is made, empty, before something is appended to it.
    public var creates: Bool
    /// The number of replicas of a file that is made; `nil` means the master's default.
    public var replication: Int?
    /// How long nothing may be acknowledged, while servers fail and are replaced, before the append fails.
    public var patience: Duration

    /// The defaults.
    public init(creates: Bool = false, replication: Int? = nil, patience: Duration = .seconds(120)) {
        self.creates = creates
        self.replication = replication
        self.patience = patience
    }
}

/// Appends records to one file, beside any number of other clients: each at least once, whole, and in the order in which they
/// were given, but for those that had to be sent again.
///
/// Get one by ``DFSClient/withAppender(to:options:_:)``. Records are framed (docs/formats/records.md), so that
/// ``DFSClient/records(of:)`` finds them, and drops those that came twice. Several may be on their way at once; what waits is
/// bounded, at 1,024 records and 8 MiB.
public final class Appender: Sendable {
    private let queue = SharedAppendQueue()
    private let pump: AppendPump
    private let isFramed: Bool
    private let onFailure: @Sendable () -> Void

    /// - Parameter onFailure: called when nothing more can be appended, once at most; must not block.
    init(_ pump: AppendPump, isFramed: Bool, onFailure: @escaping @Sendable () -> Void = {}) {
        self.pump = pump
        self.isFramed = isFramed
        self.onFailure = onFailure
    }

    /// Why nothing more can be appended, where that is so.
    var failure: DFSError? { queue.withLock { $0.failure } }

    /// Appends a record, and waits until it is on the disks of all servers of its chunk.
    ///
    /// - Parameter record: with its frame of 28 bytes at most a quarter of a chunk.
    /// - Throws: ``DFSError``: of code `invalidArgument` where it is too long, and then nothing has happened; after any other the
    ///   record may be in the file or not, and the appender takes no more.
    public func append(_ record: [UInt8]) async throws {
        let (acknowledged, continuation) = AsyncThrowingStream.makeStream(of: Never.self)
        try await add(ByteBuffer(bytes: record), continuation)
        for try await _ in acknowledged {}
        try checkCancellation()
    }

    /// Takes a record to append, and waits only until there is room for it: ``flush()`` tells what has become of it.
    ///
    /// - Throws: as ``append(_:)``, also for records that were taken before.
    public func enqueue(_ record: [UInt8]) async throws { try await add(ByteBuffer(bytes: record), nil) }

    /// Waits until all records that were taken are acknowledged.
    ///
    /// - Throws: ``DFSError``; then the last ones may be in the file or not.
    public func flush() async throws {
        for try await _ in queue.withLock({ $0.waitUntilEmpty() }) {}
        try checkCancellation()
    }

    /// Bytes that a record may have.
    ///
    /// - Throws: ``DFSError`` where the master cannot be asked.
    public func maxRecordByteCount() async throws -> Int {
        try await pump.maxRecordByteCount() - (isFramed ? RecordFrame.headerByteCount : 0)
    }

    /// Records that were acknowledged so far.
    public var acknowledgedCount: Int { queue.withLock { $0.doneCount } }

    func add(
        _ record: ByteBuffer, _ acknowledged: AsyncThrowingStream<Never, any Error>.Continuation?
    ) async throws {
        let id = RecordID.random()
        let data = isFramed ? RecordFrame.encode(record, id: id) : record
        let limit = try await pump.maxRecordByteCount()
        guard data.readableBytes <= limit else {
            throw DFSError(
                .invalidArgument,
                "a record of \(record.readableBytes) bytes is too long for \(pump.name); it may have "
                    + "\(limit - (isFramed ? RecordFrame.headerByteCount : 0))")
        }
        var crc = CRC32C()
        crc.update(data)
        let item = AppendQueue.Item(id: id, data: data, crc32c: crc.value, acknowledged: acknowledged)
        while true {
            let waiting = try queue.withLock { queue throws(DFSError) -> AsyncStream<Never>? in
                if let failure = queue.failure { throw failure }
                guard queue.hasRoom(for: data.readableBytes) else { return queue.waitForRoom() }
                queue.append(item)
                return nil
            }
            guard let waiting else { return }
            for await _ in waiting {}
            try checkCancellation()
        }
    }

    private func checkCancellation() throws(DFSError) {
        if Task.isCancelled { throw DFSError.stopped("append to \(pump.name)") }
    }

    /// Sends what is taken, until ``finish()``; after a failure everybody who waits is told.
    func run() async {
        do {
            try await pump.run(queue)
        } catch {
            let failure = DFSError(error, from: "append to \(pump.name)").ofWriting
            queue.withLock { $0.fail(failure) }
            onFailure()
        }
    }

    /// Nothing comes any more.
    func finish() {
        queue.withLock { queue in
            queue.isFinished = true
            queue.onChange?.yield()
        }
    }
}
