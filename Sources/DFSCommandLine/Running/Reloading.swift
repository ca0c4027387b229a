import DFSCore
import Logging

/// What a server does at SIGHUP: reads the level to log again, then whatever its node has in files.
struct Reloading: Sendable {
    let logger: Logger
    /// `nil` leaves the level as the flags say.
    let levelFile: LogLevelFile?

    /// Logs at the file's level from now on.
    ///
    /// - Throws: ``DFSError`` that names the file and the remedy; the level stays as it is then.
    func readLevel() throws(DFSError) {
        guard let levelFile, let threshold = (logger.handler as? LineLogHandler)?.threshold else { return }
        threshold.level = try levelFile.read().level
    }

    func run(_ node: any Node) async {
        do {
            try readLevel()
            logger.notice("SIGHUP: reading files again", metadata: ["level": "\(logger.logLevel)"])
        } catch {
            logger.error("SIGHUP: the level to log stays as it is", metadata: ["error": "\(error.message)"])
        }
        await node.reload()
    }
}
