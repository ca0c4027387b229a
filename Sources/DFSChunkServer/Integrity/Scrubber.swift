import DFSChunkStore
import DFSCore
import DFSFiles
import Logging

/// Reads every chunk once a cycle, one after the other, slowly, and compares it with its checksums: what nobody reads is
/// found damaged while another replica is there.
///
/// It has a disk thread of its own, whose reads wait for those of others where the disk's scheduler knows such a class, and
/// which leaves the page cache alone. A restart goes on where the last run stopped.
struct Scrubber: Sendable {
    /// Between two writes of where it stands.
    private static let keepInterval = Duration.seconds(300)

    let settings: ScrubSettings
    let store: ChunkStore
    let checker: ReplicaChecker
    let logger: Logger
    private let clock = SystemClock()

    init(settings: ScrubSettings, store: ChunkStore, checker: ReplicaChecker, logger: Logger) {
        self.settings = settings
        self.store = store
        self.checker = checker
        self.logger = logger
    }

    /// Works until the task is cancelled.
    func run() async {
        guard settings.bytesPerSecond > 0 else { return }
        let threads = DiskThreads(count: 1)
        do {
            try await threads.run { DiskPriority.lowerForThisThread() }
            try await goOn(threads)
        } catch {
            if !Task.isCancelled { logger.error("the scrubber has stopped", metadata: ["error": "\(error)"]) }
        }
        await threads.stop()
    }

    private func goOn(_ threads: DiskThreads) async throws {
        let store = store
        var cursor = try await threads.run { store.scrubCursor() } ?? ScrubCursor(cycleStart: store.wallSeconds)
        while true {
            if cursor.isDone {
                try await rest(after: &cursor)
                cursor = ScrubCursor(cycleStart: store.wallSeconds)
            }
            do {
                try await scrub(&cursor, threads)
            } catch {
                // A stop: the next run goes on from here.
                await keep(cursor, threads)
                throw error
            }
            cursor.isDone = true
            // Where there was nothing to read there is nothing to keep.
            if cursor.last == nil { continue }
            await keep(cursor, threads)
            let hours = Double(store.wallSeconds - cursor.cycleStart) / 3600
            logger.info("all chunks have been read and compared", metadata: ["hours": "\(hours)"])
        }
    }

    /// Waits for the next cycle. A calendar that was set back does not make it wait for longer than one.
    private func rest(after cursor: inout ScrubCursor) async throws {
        let length = settings.cycle.components.seconds
        while true {
            cursor.cycleStart = min(cursor.cycleStart, store.wallSeconds)
            let left = cursor.cycleStart + length - store.wallSeconds
            if left <= 0 { return }
            try await Task.sleep(for: .seconds(min(left, 60)))
        }
    }

    /// Reads the chunks behind the cursor, to the last. Those that come meanwhile are read in the next cycle.
    ///
    /// The ids are taken at once, 16 bytes a chunk for the cycle, and sorted on the scrubber's own thread: who wants something of the
    /// catalog waits for one pass over it a cycle, however many chunks there are.
    private func scrub(_ cursor: inout ScrubCursor, _ threads: DiskThreads) async throws {
        var due = clock.now
        var keptAt = clock.now
        let store = store
        let ids = try await threads.run { [last = cursor.last] in
            store.withCatalog { $0.storedIDs(after: last) }.sorted()
        }
        for id in ids {
            do {
                try await checker.examine(id, threads) { byteCount in try await pace(byteCount, &due) }
            } catch let error as DFSError {
                try Task.checkCancellation()
                logger.error("cannot check a chunk", metadata: ["chunk": "\(id)", "error": "\(error)"])
                // A disk that fails at once, again and again, is not asked without pause.
                try await pace(1 << 20, &due)
            }
            try Task.checkCancellation()
            cursor.last = id
            guard clock.now - keptAt >= Self.keepInterval else { continue }
            await keep(cursor, threads)
            keptAt = clock.now
        }
    }

    /// Pauses as long as so many bytes may take, less what reading them took.
    private func pace(_ byteCount: Int, _ due: inout MonotonicInstant) async throws {
        if clock.now - due > .seconds(1) { due = clock.now }
        due = due + .seconds(1) * byteCount / settings.bytesPerSecond
        let pause = due - clock.now
        if pause > .zero { try await Task.sleep(for: pause) }
    }

    private func keep(_ cursor: ScrubCursor, _ threads: DiskThreads) async {
        let store = store
        do {
            try await threads.run { try store.keep(cursor) }
        } catch {
            logger.warning("cannot keep where the scrubber stands", metadata: ["error": "\(error)"])
        }
    }
}
