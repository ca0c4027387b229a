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

    /// Runs `move` under a progress line, and prints what came of it.
    mutating func run(_ title: String, _ move: (TreeHandler) async throws -> TreeResult) async throws {
        let line = ProgressLine(title)
        defer { line.erase() }
        var byteCount = 0
        let result = try await move { [logger] event in
            switch event {
            case .moved(_, let length):
                byteCount += length
                line.handler?(TransferProgress(byteCount: byteCount, totalByteCount: nil))
            case .skipped(let path, let reason):
                line.erase()
                logger.warning("skipped", metadata: ["path": "\(path)", "reason": "\(reason)"])
            case .failed(let path, let error):
                line.erase()
                logger.error("failed", metadata: ["path": "\(path)", "error": "\(error)"])
            }
        }
        line.erase()
        let skipped = result.skippedCount > 0 ? ", \(result.skippedCount) skipped" : ""
        print("\(title): \(result.fileCount) files, \(result.byteCount) bytes\(skipped)")
        failureCount += result.failureCount
        failedPaths += result.failedPaths.prefix(TreeResult.maxFailedPaths - failedPaths.count)
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
