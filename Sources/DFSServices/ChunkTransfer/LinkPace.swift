import NIOCore

/// How fast a server has taken an upload lately, as its sender sees it.
package struct LinkSpeed: Sendable, Equatable {
    /// What the server took of all uploads of this process, since one that has many does not take each of them fast.
    package var bytesPerSecond: Int
    /// The least that it should have taken; 0 for anything.
    package var floor: Int
    /// The time that was measured.
    package var span: TimeAmount
    /// Whether the sender had data for the server, and waited for it, for nearly all of that time. Otherwise nothing is known
    /// of the server: its sender had nothing to send.
    package var isHeldUp: Bool
    /// Whether the server is to be given up: it has held its sender up for long enough below the floor, and doing the
    /// chunk anew elsewhere takes less time than waiting for the rest.
    package var isSlow: Bool

    package init(bytesPerSecond: Int, floor: Int, span: TimeAmount, isHeldUp: Bool, isSlow: Bool) {
        self.bytesPerSecond = bytesPerSecond
        self.floor = floor
        self.span = span
        self.isHeldUp = isHeldUp
        self.isSlow = isSlow
    }

    /// What errors say of a slow server.
    package var complaint: String {
        "slow: it took \(bytesPerSecond >> 10) KiB a second for \(span.nanoseconds / 1_000_000_000) s, "
            + "less than the \(floor >> 10) KiB of the floor (-slow-floor)"
    }
}

/// Measures how fast a server takes an upload: looked at now and then, over the latest window of time.
///
/// A decision without I/O and clock. What was given to the link counts as taken, though a few MiB may still be in buffers:
/// they were filled before the sender was held up.
struct LinkPace: Sendable {
    /// How often a window is looked at.
    static let looksPerWindow = 8
    /// A server that is given up has its chunk done anew elsewhere, and that at so many times the floor, as is assumed.
    private static let usualFloors = 8.0

    private struct Mark {
        var time: NIODeadline
        var taken: Int
        var ownTaken: Int
        var heldUp: TimeAmount
    }

    private let floor: Int
    private let window: TimeAmount
    private let length: Int?
    /// At most one behind the window, and those in it.
    private var marks: [Mark]

    /// What is kept of the past.
    var markCount: Int { marks.count }

    /// - Parameters:
    ///   - floor: bytes a second.
    ///   - window: the time that is judged.
    ///   - length: of the whole upload, where it is known.
    ///   - start: when the upload begins; nothing of it has been taken then.
    ///   - taken: as in ``look(at:taken:ownTaken:heldUp:)``.
    init(floor: Int, window: TimeAmount, length: Int?, start: NIODeadline, taken: Int) {
        self.floor = floor
        self.window = window
        self.length = length
        marks = [Mark(time: start, taken: taken, ownTaken: 0, heldUp: .zero)]
    }

    /// Looks at the link.
    ///
    /// - Parameters:
    ///   - taken: bytes of all uploads to this server, ever.
    ///   - ownTaken: bytes of this one.
    ///   - heldUp: how long this one has waited for the server, all in all.
    mutating func look(at now: NIODeadline, taken: Int, ownTaken: Int, heldUp: TimeAmount) -> LinkSpeed {
        let mark = Mark(time: now, taken: taken, ownTaken: ownTaken, heldUp: heldUp)
        // A look that comes so late says that this process stood still itself: what it has waited meanwhile is no measure.
        if let last = marks.last, (now - last.time).nanoseconds > window.nanoseconds / 2 { marks = [] }
        marks.append(mark)
        while marks.count > 2, now - marks[1].time >= window { marks.removeFirst() }
        let start = marks[0]
        let span = now - start.time
        let rate = Self.perSecond(taken - start.taken, span)
        let isHeldUp = (heldUp - start.heldUp).nanoseconds >= span.nanoseconds / 10 * 9
        let isBelow = span >= window && isHeldUp && rate < floor
        let isSlow = isBelow && !isNearlyDone(ownTaken, rate: Self.perSecond(ownTaken - start.ownTaken, span))
        return LinkSpeed(bytesPerSecond: rate, floor: floor, span: span, isHeldUp: isHeldUp, isSlow: isSlow)
    }

    /// Whether the rest comes sooner than another server would have the whole chunk.
    private func isNearlyDone(_ taken: Int, rate: Int) -> Bool {
        guard let length, rate > 0 else { return false }
        let rest = Double(max(0, length - taken)) / Double(rate)
        return rest <= Double(length) / (Double(floor) * Self.usualFloors)
    }

    private static func perSecond(_ byteCount: Int, _ span: TimeAmount) -> Int {
        Int(min(Double(max(0, byteCount)) * 1e9 / Double(max(1, span.nanoseconds)), 1e15))
    }
}
