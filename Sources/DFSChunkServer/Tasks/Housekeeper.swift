import DFSChunkStore
import DFSCore
import Logging

/// Work without orders: reads adopted chunks for their digests, and empties the quarantine in time.
struct Housekeeper: Sendable {
    private static let purgeInterval = Duration.seconds(60)

    let store: ChunkStore
    let threads: DiskThreads
    let master: MasterSession
    let logger: Logger
    private let clock = SystemClock()

    init(store: ChunkStore, threads: DiskThreads, master: MasterSession, logger: Logger) {
        self.store = store
        self.threads = threads
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
                if let digest = try await threads.run({ try store.verify(id) }) {
                    try await master.announce(id, digest, isVouchedFor: true)
                }
            } catch {
                logger.error("cannot read an adopted chunk", metadata: ["chunk": "\(id)", "error": "\(error)"])
            }
            try? await Task.sleep(for: clock.now - began)
        }
    }

    private func logReclaimed(_ reclaimed: ChunkStore.Reclaimed) {
        if reclaimed.chunks == 0 { return }
        logger.notice(
            "the disk is full: quarantined chunks were erased before their time",
            metadata: ["count": "\(reclaimed.chunks)", "mebibytes": "\(reclaimed.bytes >> 20)"])
    }

    private func purgeForEver() async {
        let store = store
        while !Task.isCancelled {
            do {
                let count = try await threads.run { try store.purgeQuarantine() }
                if count > 0 { logger.info("quarantined chunks removed for good", metadata: ["count": "\(count)"]) }
                logReclaimed(store.takeReclaimed())
            } catch {
                logger.error("cannot empty the quarantine", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: Self.purgeInterval)
        }
    }
}
