import DFSCore
import NIOCore
import NIOPosix
import Synchronization

/// One replica on its way from its file to the target, piece by piece on one thread that may block.
///
/// Who waits for it is let go when the disk gives nothing for too long, or when the read is cancelled, though the thread may
/// still stand in a call: it writes nothing any more when that returns.
final class LocalReading: Sendable {
    /// Bytes of one read and one write: few enough to stay in the processor's cache between the two.
    private static let pieceSize = 256 << 10

    private struct State {
        /// While a read of the disk is under way.
        var readingSince: ContinuousClock.Instant?
        var isOver = false
        var waiter: CheckedContinuation<Void, any Error>?
    }

    private let replica: LocalReplica
    private let target: any FetchTarget
    /// Where the chunk starts in the file.
    private let chunkOffset: Int
    private let standing: FetchStanding
    private let stallLimit: Duration
    private let state = Mutex(State())

    init(
        _ replica: LocalReplica, into target: any FetchTarget, chunkOffset: Int, standing: FetchStanding,
        stallLimit: Duration
    ) {
        self.replica = replica
        self.target = target
        self.chunkOffset = chunkOffset
        self.standing = standing
        self.stallLimit = stallLimit
    }

    /// Writes what the standing misses. Also when it fails, what the standing counts is in the target.
    ///
    /// - Parameters:
    ///   - begin: called when the first piece has been read; what it throws ends the reading before anything is written.
    ///   - onPiece: called after each piece.
    /// - Throws: ``DFSError``: code ``DFSError/Code/dataLoss`` where the file holds other bytes than were written.
    func run(
        on threads: NIOThreadPool, _ eventLoop: any EventLoop, begin: @escaping @Sendable () throws -> Void,
        onPiece: @escaping @Sendable () -> Void
    ) async throws {
        let step = TimeAmount(stallLimit / 4)
        let watch = eventLoop.scheduleRepeatedTask(initialDelay: step, delay: step) { [weak self] _ in self?.check() }
        defer { watch.cancel() }
        let work: @Sendable () throws -> Void = { try self.copy(begin, onPiece) }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiter in
                guard admit(waiter) else { return waiter.resume(throwing: CancellationError()) }
                threads.runIfActive(eventLoop: eventLoop, work).whenComplete { self.end($0) }
            }
        } onCancel: {
            end(.failure(CancellationError()))
        }
    }

    private func copy(_ begin: () throws -> Void, _ onPiece: () -> Void) throws {
        var hasBegun = false
        let end = standing.position + (standing.missingByteCount ?? 0)
        var buffer = ByteBufferAllocator().buffer(capacity: max(Self.pieceSize, replica.blockSize))
        while true {
            let position = standing.position
            if position >= end { break }
            guard noteReading(since: .now) else { throw CancellationError() }
            let crc32c = try replica.read(position..<end, upTo: Self.pieceSize, into: &buffer)
            guard noteReading(since: nil) else { throw CancellationError() }
            if !hasBegun { try begin() }
            hasBegun = true
            do {
                try target.write([buffer], at: chunkOffset + position)
            } catch {
                let error = DFSError(error, from: target.path)
                standing.localError = error
                throw error
            }
            standing.append(crc32c: crc32c, byteCount: buffer.readableBytes)
            onPiece()
        }
        if !hasBegun { try begin() }
    }

    // What follows is called from other threads; out of line, see docs/decisions/0032.

    @inline(never)
    private func admit(_ waiter: CheckedContinuation<Void, any Error>) -> Bool {
        state.withLock { state in
            if !state.isOver { state.waiter = waiter }
            return !state.isOver
        }
    }

    /// - Returns: whether anybody waits for the bytes.
    @inline(never)
    private func noteReading(since instant: ContinuousClock.Instant?) -> Bool {
        state.withLock { state in
            state.readingSince = instant
            return !state.isOver
        }
    }

    @inline(never)
    private func end(_ result: Result<Void, any Error>) {
        let waiter = state.withLock { state in
            state.isOver = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(with: result)
    }

    private func check() {
        // In one step: a read that returns between the look and the end would have its bytes written.
        let waiter = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            guard let since = state.readingSince, .now - since >= stallLimit else { return nil }
            state.isOver = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(
            throwing: DFSError(
                .deadlineExceeded, "the disk of a replica on this machine gives nothing for \(stallLimit)",
                advice: .tryOtherReplica))
    }
}
