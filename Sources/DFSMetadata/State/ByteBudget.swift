import DFSCore

/// Spends bytes at a rate: what is begun while something is left may overdraw, and the next one waits until that is made up for.
/// What is not spent within a second is lost.
struct ByteBudget: Sendable {
    private var credit: Int64 = 0
    private var creditedAt: MonotonicInstant?

    /// Whether something may be begun at `rate` bytes a second; always at 0, which is no limit.
    func isOpen(_ rate: UInt64, now: MonotonicInstant) -> Bool { rate == 0 || credit(rate, now) > 0 }

    /// Spends `bytes`.
    mutating func take(_ bytes: UInt64, _ rate: UInt64, now: MonotonicInstant) {
        // Without a limit nothing is owed when there is one.
        guard rate > 0 else {
            (credit, creditedAt) = (0, nil)
            return
        }
        let left = credit(rate, now).subtractingReportingOverflow(Int64(clamping: bytes))
        credit = left.overflow ? .min : left.partialValue
        creditedAt = now
    }

    /// What may be spent now; nothing where the rate is 0.
    private func credit(_ rate: UInt64, _ now: MonotonicInstant) -> Int64 {
        let rate = Int64(clamping: min(rate, 1 << 62))
        guard let creditedAt else { return rate }
        let milliseconds = Int64(max(.zero, now - creditedAt) / .milliseconds(1))
        let (earned, overflow) = rate.multipliedReportingOverflow(by: milliseconds)
        return min(rate, overflow ? rate : credit + earned / 1000)
    }
}
