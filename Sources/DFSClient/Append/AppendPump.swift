import DFSCore
import DFSServices
import DFSWire
import Logging
import RPC
import Synchronization

/// Brings the records of one appender to the open chunk of its file, and to the next one when that takes no more.
final class AppendPump: Sendable {
    /// A primary that acknowledges nothing for so long, while records wait, counts as failed: it gives up on a server of its
    /// chunk sooner.
    private static let stallLimit = Duration.seconds(15)

    private struct State {
        /// Where records go; `nil` where the master is to be asked.
        var target: AppendTarget?
        var askedAt = ContinuousClock.now
        var progressAt = ContinuousClock.now
        /// Bytes of the file when this writer began; only one who is alone can count from there.
        var base: Int?
        var chunkSize: Int?
    }

    /// What failed last, so that the next chunk is another one, on other servers.
    private struct Trouble {
        var chunk: OpenChunkVersion?
        var excluded: [ServerAddress] = []
    }

    /// The master did not name a chunk, which says nothing of any chunk.
    private struct MasterFailure: Error { let cause: DFSError }

    private let fileName: FileName
    private let context: ClientContext
    private let master: MasterClient
    private let downloader: Downloader
    private let isExclusive: Bool
    private let patience: Duration
    private let writer = hex(.random(in: 0 ... .max), digits: 16) + hex(.random(in: 0 ... .max), digits: 16)
    private let state = Mutex(State())

    var name: String { fileName.text }

    init(_ name: FileName, context: ClientContext, master: MasterClient, isExclusive: Bool, patience: Duration) {
        fileName = name
        self.context = context
        self.master = master
        downloader = Downloader(master: master, context: context)
        self.isExclusive = isExclusive
        self.patience = patience
    }

    /// A quarter of a chunk, once the master has said what that is.
    func maxRecordByteCount() async throws -> Int {
        if let known = state.withLock({ $0.chunkSize }) { return known / 4 }
        do throws(MasterFailure) {
            return try await open(Trouble()).chunkSize / 4
        } catch {
            throw error.cause
        }
    }

    /// Bytes of the file when this writer began; `nil` before it has asked.
    var base: Int? { state.withLock { $0.base } }

    func close() async { await master.closeAppend(fileName, writer: writer) }

    /// Sends all that comes into the queue, until that is finished and empty.
    ///
    /// - Throws: ``DFSError`` where that cannot go on.
    func run(_ queue: SharedAppendQueue) async throws {
        var trouble = Trouble()
        var last: AppendTarget?
        var pause = Duration.milliseconds(50)
        while try await waitForRecords(queue) {
            let done = queue.withLock { $0.doneCount }
            do {
                let target = try await open(trouble)
                if isExclusive, let last, last.chunk != target.chunk { try await settle(queue, at: target) }
                (trouble, last) = (Trouble(), target)
                if queue.withLock({ $0.isEmpty }) { continue }
                queue.withLock { $0.rewind() }
                let stream = AppendStream(
                    context: context, target: target, queue: queue, stallLimit: Self.stallLimit,
                    renew: { try await self.renew(target) },
                    onProgress: { self.state.withLock { $0.progressAt = .now } })
                try await stream.run()
                pause = .milliseconds(50)
            } catch {
                try Task.checkCancellation()
                let masterFailure = error as? MasterFailure
                let error = masterFailure?.cause ?? DFSError(error, from: "append to \(name)")
                // A master that does not answer says nothing of the chunk.
                let failed = masterFailure == nil ? last : nil
                trouble = try consider(error, queue.withLock { $0.doneCount } > done, trouble, of: failed)
                context.logger.debug("an open chunk failed; asking for another", metadata: ["error": "\(error)"])
                if error.code == .outOfRange { continue }
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(1))
            }
        }
    }

    /// - Returns: `false` at the end.
    private func waitForRecords(_ queue: SharedAppendQueue) async throws -> Bool {
        var hasWaited = false
        while true {
            let (changes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
            let isReady = queue.withLock { queue -> Bool? in
                if !queue.isEmpty { return true }
                if queue.isFinished { return false }
                queue.onChange = continuation
                return nil
            }
            if let isReady {
                // The time without a record is no time without progress.
                if hasWaited { state.withLock { $0.progressAt = .now } }
                return isReady
            }
            hasWaited = true
            for await _ in changes { break }
            try Task.checkCancellation()
        }
    }

    /// The chunk that the last records went to, or the one that the master names.
    private func open(_ trouble: Trouble) async throws(MasterFailure) -> AppendTarget {
        if let known = state.withLock({ $0.target }), trouble.chunk == nil { return known }
        let askedAt = ContinuousClock.now
        let target = try await ask(trouble)
        note(target, askedAt)
        return target
    }

    private func ask(_ trouble: Trouble) async throws(MasterFailure) -> AppendTarget {
        do throws(DFSError) {
            return try await master.openAppend(
                fileName, writer: writer, isExclusive: isExclusive, failed: trouble.chunk, excluded: trouble.excluded)
        } catch {
            throw MasterFailure(cause: error)
        }
    }

    // Behind a suspension, the lock would be taken by another thread's id if it were inlined (docs/decisions/0032).
    @inline(never)
    private func note(_ target: AppendTarget, _ askedAt: ContinuousClock.Instant) {
        state.withLock { state in
            state.target = target
            state.askedAt = askedAt
            state.chunkSize = target.chunkSize
            state.base = state.base ?? target.start
        }
    }

    /// Asks for the claim again while records flow.
    ///
    /// - Throws: where the records are to go elsewhere by now.
    private func renew(_ target: AppendTarget) async throws {
        let isDue = state.withLock { ContinuousClock.now - $0.askedAt > target.claim / 3 }
        guard isDue else { return }
        let askedAt = ContinuousClock.now
        let current = try await ask(Trouble())
        guard current.chunk == target.chunk else {
            // It is this chunk that has failed, and not the one that the master names by now.
            throw DFSError(.outOfRange, "chunk \(target.chunk.chunkID) takes no more records")
        }
        note(current, askedAt)
    }

    /// What is to be done after a failure: another chunk is asked for, until nothing has gone on for too long.
    ///
    /// - Parameter failed: the chunk that records were sent to, or read from; `nil` where it was the master that failed.
    private func consider(
        _ error: DFSError, _ hasGoneOn: Bool, _ known: Trouble, of failed: AppendTarget?
    ) throws(DFSError) -> Trouble {
        let progressAt = noteFailure(hasGoneOn)
        switch error.code {
        case .invalidArgument, .permissionDenied, .unimplemented, .alreadyExists: throw error
        case .notFound, .failedPrecondition: if failed == nil { throw error }
        case .dataLoss: if error.advice == .giveUp { throw error }
        default: break
        }
        guard ContinuousClock.now - progressAt < patience else { throw error }
        guard let failed else { return known }
        let isPrimaryGone = error.code == .unavailable || error.code == .deadlineExceeded
        return Trouble(chunk: failed.chunk, excluded: isPrimaryGone ? [failed.primary] : [])
    }

    /// - Returns: when records were last acknowledged.
    @inline(never)
    private func noteFailure(_ hasGoneOn: Bool) -> ContinuousClock.Instant {
        state.withLock { state in
            if hasGoneOn { state.progressAt = .now }
            state.target = nil
            return state.progressAt
        }
    }

    /// One who is alone knows by the file's length, and by what stands there, which pieces are in it though nobody said so.
    ///
    /// - Parameter target: another chunk than the one that pieces were sent to, which is sealed: all that it held is before the
    ///   start of this one.
    private func settle(_ queue: SharedAppendQueue, at target: AppendTarget) async throws {
        guard let base else { return }
        let (end, pieces) = queue.withLock { (base + $0.doneByteCount, $0.items.prefix($0.triedCount).map(\.data)) }
        var there: [UInt8] = []
        var count = 0
        while end + there.count < target.start, count < pieces.count {
            there += pieces[count].readableBytesView
            count += 1
        }
        // Somebody else may have come between where the claim was lost, as in a restart of the master.
        var isOurs = end + there.count == target.start
        if isOurs, !there.isEmpty {
            isOurs = try await downloader.read(fileName.text, range: end..<target.start) == there
        }
        guard isOurs else {
            throw DFSError(
                .dataLoss,
                "somebody else has appended to \(name) meanwhile; what of this append is in it cannot be told",
                advice: .giveUp)
        }
        queue.withLock { queue in
            for _ in 0..<count { queue.finishFirst() }
            queue.settle()
        }
    }
}
