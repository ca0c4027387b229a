import DFSClient
import DFSCore
import Logging

/// What a put or get of trees tells: each thing that was skipped or failed as it happens, and all of it at the end.
struct TreeReport {
    /// As in "could not be <done>".
    let done: String
    let logger: Logger
    private var failureCount = 0
    private var failedPaths: [String] = []

    init(done: String, logger: Logger) {
        self.done = done
        self.logger = logger
    }

    /// What has come of one tree so far.
    private struct Counts {
        var files = 0
        var bytes = 0
        var skipped = 0

        func tell(of title: String) {
            let more = skipped > 0 ? ", \(skipped) skipped" : ""
            print("\(title): \(files) files, \(bytes) bytes\(more)")
        }
    }

    /// Runs `move` under a progress line, and prints what came of it, also of what was stopped on its way.
    mutating func run(_ title: String, _ move: (TreeHandler) async throws -> TreeResult) async throws {
        let line = ProgressLine(title)
        var counts = Counts()
        var hasEnded = false
        defer {
            line.erase()
            if hasEnded || counts.files > 0 || counts.skipped > 0 { counts.tell(of: title) }
        }
        let result = try await move { [logger] event in
            switch event {
            case .moved(_, let length):
                counts.files += 1
                counts.bytes += length
                line.handler?(TransferProgress(byteCount: counts.bytes, totalByteCount: nil))
            case .skipped(let path, let reason):
                counts.skipped += 1
                line.erase()
                logger.warning("skipped", metadata: ["path": "\(path)", "reason": "\(reason)"])
            case .failed(let path, let error):
                line.erase()
                logger.error("failed", metadata: ["path": "\(path)", "error": "\(error)"])
            }
        }
        hasEnded = true
        failureCount += result.failureCount
        failedPaths += result.failedPaths.prefix(TreeResult.maxFailedPaths - failedPaths.count)
    }

    /// One of several failed before anything of it was moved; the others go on.
    mutating func fail(_ path: String, _ error: any Error) {
        logger.error("failed", metadata: ["path": "\(path)", "error": "\(error)"])
        failureCount += 1
        if failedPaths.count < TreeResult.maxFailedPaths { failedPaths.append(path) }
    }

    /// - Throws: ``DFSError`` that names what failed, where anything did.
    func end() throws {
        guard failureCount > 0 else { return }
        let more = failureCount > failedPaths.count ? ", and \(failureCount - failedPaths.count) more" : ""
        throw DFSError(
            .failedPrecondition,
            "\(failureCount) of these could not be \(done), everything else was: "
                + failedPaths.map { quoted($0) }.joined(separator: ", ") + more)
    }
}
