import DFSCore

/// What copies have done, and how fast they were lately.
struct RepairProgress: Sendable {
    /// How far back a pace is told of.
    static let window = Duration.seconds(60)
    private static let slotTime = Duration.seconds(5)
    private static let slotCount = 12

    private struct Slot: Sendable {
        var number: Int64 = -1
        var copies = 0
        var bytes: UInt64 = 0
    }

    /// Since the master started.
    private(set) var copies: UInt64 = 0
    private(set) var bytes: UInt64 = 0
    /// Copies that did not arrive in time.
    var lateCopies: UInt64 = 0
    private var slots = Array(repeating: Slot(), count: Self.slotCount)

    mutating func noteArrival(_ length: UInt64, now: MonotonicInstant) {
        copies += 1
        bytes &+= length
        let number = Self.number(now)
        let at = Int(number % Int64(Self.slotCount))
        if slots[at].number != number { slots[at] = Slot(number: number) }
        slots[at].copies += 1
        slots[at].bytes &+= length
    }

    /// Copies and bytes a second over the window, or over the time since the first of them where that is shorter; zero where
    /// nothing arrived.
    func pace(now: MonotonicInstant) -> (copies: Double, bytes: Double) {
        let current = Self.number(now)
        let recent = slots.filter { $0.number >= 0 && current - $0.number < Int64(Self.slotCount) }
        guard let first = recent.map(\.number).min() else { return (0, 0) }
        let begin = MonotonicInstant(nanoseconds: UInt64(first * Self.slotTime.nanoseconds))
        let seconds = max(Self.slotTime, now - begin) / .seconds(1)
        return (
            Double(recent.reduce(0) { $0 + $1.copies }) / seconds,
            recent.reduce(into: 0.0) { $0 += Double($1.bytes) } / seconds
        )
    }

    private static func number(_ now: MonotonicInstant) -> Int64 {
        Int64(now.nanoseconds / UInt64(slotTime.nanoseconds))
    }
}
