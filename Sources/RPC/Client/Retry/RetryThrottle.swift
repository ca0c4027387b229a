import Synchronization

/// Stops retries while most calls fail, so that they do not add to what ails the server (gRFC A6, "Throttling Retry
/// Attempts and Hedged RPCs"). One for all calls to a server.
package final class RetryThrottle: Sendable {
    private let maxTokens: Double
    private let tokenRatio: Double
    private let tokens: Mutex<Double>

    /// - Parameters:
    ///   - maxTokens: failures that may be retried in a row are half of it.
    ///   - tokenRatio: what a call that went well gives back of a failure.
    package init(maxTokens: Double = 10, tokenRatio: Double = 0.1) {
        self.maxTokens = maxTokens
        self.tokenRatio = tokenRatio
        tokens = Mutex(maxTokens)
    }

    func countSuccess() { tokens.withLock { $0 = min(maxTokens, $0 + tokenRatio) } }

    /// - Returns: whether a retry may follow.
    func countFailure() -> Bool {
        tokens.withLock { tokens in
            tokens = max(0, tokens - 1)
            return tokens > maxTokens / 2
        }
    }
}
