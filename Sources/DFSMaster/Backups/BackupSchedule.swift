import DFSCore
import DFSFiles
import DFSMetadataStore
import Logging
import NIOPosix
import Synchronization

/// Has the running master write backups of its metadata, one after the other.
///
/// The calendar says when the first one is due, since the newest there may be from before a restart; from then on the
/// monotonic clock does. A failed one is logged and tried again when the next is due. They are written on a thread of their
/// own, over a connection of their own: calls wait for neither.
struct BackupSchedule: Sendable {
    let shelf: BackupShelf
    /// Of the store.
    let metadataFolder: String
    /// From the beginning of one to the beginning of the next.
    let interval: Duration
    let logger: Logger
    let progress = Progress()

    /// What is known of the backups, for who watches the master.
    final class Progress: Sendable {
        private let newest = Atomic(0)

        /// When the newest one was written, in seconds since 1970; 0 for none.
        var newestAt: Int { newest.load(ordering: .relaxed) }

        fileprivate func note(_ seconds: Int) { newest.store(seconds, ordering: .relaxed) }
    }

    /// Makes ready, before anybody is served.
    ///
    /// - Throws: ``DFSError`` where the folder cannot be written.
    func prepare() async throws {
        try await NIOThreadPool.singleton.runIfActive { [shelf] in try shelf.prepare() }
    }

    /// Writes backups until the task is cancelled; one that is being written is given up then.
    func run() async {
        let thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        var due = ContinuousClock.now + (await firstWait(on: thread))
        while !Task.isCancelled {
            do {
                try await Task.sleep(until: due, clock: .continuous)
            } catch {
                break
            }
            await write(on: thread)
            due = Self.next(after: due, interval: interval, now: .now)
        }
        try? await thread.shutdownGracefully()
    }

    /// How long to wait for the first one.
    ///
    /// - Parameters:
    ///   - newest: in seconds since 1970; `nil` where there is none.
    ///   - now: the calendar's time.
    static func wait(newest: Int?, now: Int, interval: Duration) -> Duration {
        guard let newest else { return .zero }
        // One from the future says only that the calendar was wrong.
        return min(interval, max(.zero, interval - .seconds(now - newest)))
    }

    /// When the next is due; those that came due while one was being written are left out.
    static func next(
        after due: ContinuousClock.Instant, interval: Duration, now: ContinuousClock.Instant
    ) -> ContinuousClock.Instant {
        due + interval > now ? due + interval : now
    }

    private func firstWait(on thread: NIOThreadPool) async -> Duration {
        do {
            let newest = try await thread.runIfActive { [shelf] in try shelf.newest() }
            progress.note(newest ?? 0)
            return Self.wait(newest: newest, now: Int(WallSeconds.now()), interval: interval)
        } catch {
            // The backup that is tried now says what is wrong.
            return .zero
        }
    }

    private func write(on thread: NIOThreadPool) async {
        let cancellation = BackupCancellation()
        let (began, wallSeconds) = (ContinuousClock.now, Int(WallSeconds.now()))
        do {
            let added = try await withTaskCancellationHandler {
                try await thread.runIfActive { [self] in
                    try shelf.add(of: metadataFolder, at: wallSeconds, cancellation: cancellation)
                }
            } onCancel: {
                cancellation.cancel()
            }
            progress.note(wallSeconds)
            logger.info(
                "backup written",
                metadata: [
                    "path": "\(added.path)", "files": "\(added.contents.fileCount)",
                    "milliseconds": "\((.now - began).nanoseconds / 1_000_000)", "removed": "\(added.removedCount)",
                ])
            if let failure = added.removalFailure {
                logger.error(
                    "an old backup was not removed; the next backup tries again", metadata: ["error": "\(failure)"])
            }
        } catch {
            guard !Task.isCancelled else { return }
            logger.error(
                "no backup was written; it is tried again when the next one is due",
                metadata: ["error": "\(error)", "folder": "\(shelf.folder)"])
        }
    }
}
