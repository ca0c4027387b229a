import DFSChunkStore
import DFSCore
import Logging

/// Work without orders: reads adopted chunks for their digests, and empties the quarantine in time.
struct Housekeeper: Sendable {
    private static let purgeInterval = Duration.seconds(60)
    private static let maxDamagedAsked = 1000

    let store: ChunkStore
    let threads: DiskThreads
    let checker: ReplicaChecker
    let master: MasterSession
    let logger: Logger
    private let clock = SystemClock()

    init(store: ChunkStore, threads: DiskThreads, checker: ReplicaChecker, master: MasterSession, logger: Logger) {
        self.store = store
        self.threads = threads
        self.checker = checker
        self.master = master
        self.logger = logger
    }

    /// Works until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await verifyAdopted() }
            group.addTask { await purgeForEver() }
        }
    }

    /// One chunk at a time, with pauses as long as the reading, so that users have most of the disk.
    private func verifyAdopted() async {
        let store = store
        for id in store.withCatalog({ $0.unverified }) {
            if Task.isCancelled { return }
            let began = clock.now
            do {
                try await checker.examine(id, threads) { _ in }
            } catch {
                logger.error("cannot read an adopted chunk", metadata: ["chunk": "\(id)", "error": "\(error)"])
            }
            try? await Task.sleep(for: clock.now - began)
        }
    }

    /// Damaged chunks that no master lets go, over several pages of them.
    private struct KeptDamaged {
        /// The last that was asked for in this round; `nil` at its start.
        var asked: ChunkID?
        /// In this round so far.
        var count = 0
        var first: ChunkID?
        /// As it was logged last.
        var toldCount = 0
    }

    /// A damaged chunk may be all that is left of it: only a master that knows better ones lets it go. One page of them each time, so
    /// that those which are kept are not in the way of the others.
    private func purgeDamaged(_ kept: inout KeptDamaged) async throws {
        let store = store
        let due = try await threads.run { [asked = kept.asked] in
            try store.dueDamagedChunks(after: asked, limit: Self.maxDamagedAsked)
        }
        let expendable = due.isEmpty ? [] : await master.expendable(due)
        let staying = due.filter { !expendable.contains($0) }
        kept.count += staying.count
        kept.first = kept.first ?? staying.first
        kept.asked = due.count == Self.maxDamagedAsked ? due.last : nil
        if kept.asked == nil { endRound(&kept) }
        if expendable.isEmpty { return }
        let count = try await threads.run { try store.eraseDamaged(expendable) }
        if count > 0 { logger.info("damaged chunks removed for good", metadata: ["count": "\(count)"]) }
    }

    private func endRound(_ kept: inout KeptDamaged) {
        defer { kept = KeptDamaged(toldCount: kept.count) }
        guard let first = kept.first, kept.count != kept.toldCount else { return }
        logger.error(
            "damaged chunks are kept, since no master has said that there are enough good copies",
            metadata: ["count": "\(kept.count)", "first": "\(first)"])
    }

    private func logReclaimed(_ reclaimed: ChunkStore.Reclaimed) {
        if reclaimed.chunks == 0 { return }
        logger.notice(
            "the disk is full: quarantined chunks were erased before their time",
            metadata: ["count": "\(reclaimed.chunks)", "mebibytes": "\(reclaimed.bytes >> 20)"])
    }

    private func purgeForEver() async {
        let store = store
        var kept = KeptDamaged()
        while !Task.isCancelled {
            // What keeps one of these from being done keeps none of the others.
            do {
                let count = try await threads.run { try store.purgeQuarantine() }
                if count > 0 { logger.info("quarantined chunks removed for good", metadata: ["count": "\(count)"]) }
            } catch {
                logger.error("cannot empty the quarantine", metadata: ["error": "\(error)"])
            }
            do {
                try await purgeDamaged(&kept)
            } catch {
                logger.error("cannot remove damaged chunks for good", metadata: ["error": "\(error)"])
            }
            logReclaimed(store.takeReclaimed())
            try? await Task.sleep(for: Self.purgeInterval)
        }
    }
}
