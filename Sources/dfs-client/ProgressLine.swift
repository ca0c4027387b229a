import DFSClient
import DFSCommandLine
import Synchronization

/// One line on a terminal's standard error that says how far a transfer is; nothing where nobody watches.
final class ProgressLine: Sendable {
    private struct State {
        var lastShown: ContinuousClock.Instant?
        var isShown = false
    }

    private let title: String
    private let start = ContinuousClock.now
    private let state = Mutex(State())
    private let isActive = Terminal.isStandardErrorInteractive

    /// More often than this is only flicker.
    private static let interval = Duration.milliseconds(100)

    init(_ title: String) { self.title = title }

    /// For the SDK; `nil` where nobody watches.
    var handler: ProgressHandler? {
        guard isActive else { return nil }
        return { [self] progress in show(progress) }
    }

    /// Takes the line away.
    func erase() {
        let wasShown = state.withLock { state in
            defer { state.isShown = false }
            return state.isShown
        }
        if wasShown { LineSink.standardError.write("\r\u{1B}[K") }
    }

    private func show(_ progress: TransferProgress) {
        let now = ContinuousClock.now
        let isDue = state.withLock { state in
            if let last = state.lastShown, now - last < Self.interval { return false }
            (state.lastShown, state.isShown) = (now, true)
            return true
        }
        if isDue { LineSink.standardError.write("\r\(text(progress, after: now - start))\u{1B}[K") }
    }

    private func text(_ progress: TransferProgress, after elapsed: Duration) -> String {
        let seconds = max(0.001, elapsed / .seconds(1))
        let rate = Int(Double(progress.byteCount) / seconds) >> 20
        let done = "\(progress.byteCount >> 20)"
        guard let total = progress.totalByteCount, total > 0 else { return "\(title): \(done) MiB, \(rate) MiB/s" }
        return "\(title): \(100 * progress.byteCount / total)% of \(total >> 20) MiB, \(rate) MiB/s"
    }
}
