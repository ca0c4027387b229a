import NIOCore

extension ClientChannel {
    /// Makes `attempt` as often as the policy of `options` says. Without one only a call that the server has certainly not
    /// begun is made again, once (gRFC A6, "Transparent Retries").
    ///
    /// - Throws: what the last attempt threw.
    func retrying<R>(
        _ options: CallOptions, _ attempt: (CallOptions) async throws -> R
    ) async throws -> R {
        var options = options
        var attempts = 1
        var hasRetriedTransparently = false
        while true {
            do {
                let result = try await attempt(options)
                configuration.retryThrottle?.countSuccess()
                return result
            } catch let error as RPCError {
                if error.wasUnprocessed, !error.wasNeverSent, !hasRetriedTransparently {
                    hasRetriedTransparently = true
                    continue
                }
                guard let pause = pause(after: error, attempts: attempts, options) else { throw error }
                // Nobody waits for what would come behind the pause.
                if let deadline = CallContext.deadline, .now() + TimeAmount(pause) >= deadline { throw error }
                attempts += 1
                options.previousAttempts += 1
                try await Task.sleep(for: pause)
            }
        }
    }

    /// How long to wait for the next attempt; `nil` when there is none.
    private func pause(after error: RPCError, attempts: Int, _ options: CallOptions) -> Duration? {
        guard let policy = options.retryPolicy else { return nil }
        let isRetryable = policy.retryableCodes.contains(error.code)
        if isRetryable || error.retryPushback == .never {
            if let throttle = configuration.retryThrottle, !throttle.countFailure() { return nil }
        }
        guard isRetryable, attempts < policy.attemptLimit else { return nil }
        switch error.retryPushback {
        case .never: return nil
        case .after(let duration): return duration
        case nil: return policy.backoff(before: attempts + 1, random: .random(in: 0...1))
        }
    }
}
