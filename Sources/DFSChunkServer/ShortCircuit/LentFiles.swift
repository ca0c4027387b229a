import DFSFiles
import Synchronization

/// Files that were promised to readers on this machine and not fetched yet, by token: each for one reader, once, and not for
/// long.
final class LentFiles: Sendable {
    /// More files are not kept waiting.
    static let maxCount = 256
    /// A file that is not fetched by then is closed.
    static let limit = Duration.seconds(10)

    private struct Waiting {
        let file: any OpenFile
        let until: ContinuousClock.Instant
    }

    private struct State {
        var waiting: [[UInt8]: Waiting] = [:]
        var fetched = 0
    }

    private let state = Mutex(State())

    /// Files that were fetched since the start.
    var fetchedCount: Int { state.withLock { $0.fetched } }

    /// Keeps `file` for who shows the token, which nobody can guess.
    ///
    /// - Returns: `nil` where too many wait.
    func lend(_ file: any OpenFile, at now: ContinuousClock.Instant = .now) -> [UInt8]? {
        var random = SystemRandomNumberGenerator()
        let token = (0..<LentFile.tokenLength).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        return state.withLock { state in
            if state.waiting.count >= Self.maxCount {
                state.waiting = state.waiting.filter { $0.value.until > now }
                if state.waiting.count >= Self.maxCount { return nil }
            }
            state.waiting[token] = Waiting(file: file, until: now + Self.limit)
            return token
        }
    }

    /// The file that the token is for; `nil` where there is none, or not any more.
    func fetch(_ token: [UInt8], at now: ContinuousClock.Instant = .now) -> (any OpenFile)? {
        state.withLock { state in
            guard let waiting = state.waiting.removeValue(forKey: token), waiting.until > now else { return nil }
            state.fetched += 1
            return waiting.file
        }
    }

    /// Closes what nobody has fetched in time.
    func dropExpired(at now: ContinuousClock.Instant = .now) {
        state.withLock { state in state.waiting = state.waiting.filter { $0.value.until > now } }
    }
}
