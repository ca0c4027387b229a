/// When a unary call that failed is made again (gRFC A6, "Retry Policy"). For calls that may safely be made twice.
package struct RetryPolicy: Sendable {
    /// Attempts in all, the first one too; at most 5 count.
    package var maxAttempts = 3
    package var initialBackoff = Duration.milliseconds(100)
    package var maxBackoff = Duration.seconds(5)
    package var backoffMultiplier = 2.0
    /// Codes after which the call is made again.
    package var retryableCodes: Set<RPCCode> = [.unavailable]

    package init() {}

    var attemptLimit: Int { min(max(1, maxAttempts), 5) }

    /// The pause before attempt `attempt`, which is at least 2. `random` is in 0...1.
    func backoff(before attempt: Int, random: Double) -> Duration {
        var limit = initialBackoff / .nanoseconds(1)
        let maximum = maxBackoff / .nanoseconds(1)
        for _ in 2..<max(2, attempt) where limit < maximum { limit *= backoffMultiplier }
        return .nanoseconds(Int64(min(limit, maximum) * random))
    }
}

/// The trailer `grpc-retry-pushback-ms`: when the server wants the next attempt.
package enum RetryPushback: Sendable, Equatable {
    case after(Duration)
    /// Not at all; also what anything that is no number means (gRFC A6).
    case never

    /// The value of the trailer.
    var text: String {
        switch self {
        case .after(let duration): String(min(Int64(UInt32.max), max(0, Int64(duration / .milliseconds(1)))))
        case .never: "-1"
        }
    }

    init(_ text: String) {
        if let milliseconds = UInt32(text) {
            self = .after(.milliseconds(Int64(milliseconds)))
        } else {
            self = .never
        }
    }
}
