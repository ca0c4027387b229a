import DFSCore

/// An order to delete a chunk, as a chunk server keeps it while an upload is under way or the breaker holds it.
///
/// It does not hold for ever. A Swift master that sees the chunk in later reports decides anew after its `deletionTimeout` of a
/// minute: it gives the order again, or counts the copy once more, and may have others deleted on the strength of that.
package struct DeletionOrder: Sendable, Equatable {
    /// How long an order stands that is not given again: shorter than the master waits, whose clock may be a tenth faster.
    package static let life = Duration.seconds(45)

    /// What speaks for it.
    package let ground: DeletionGround
    /// When it was given last, by the chunk server's clock.
    package var givenAt: MonotonicInstant

    package init(_ ground: DeletionGround, givenAt: MonotonicInstant) {
        self.ground = ground
        self.givenAt = givenAt
    }

    /// Whether the master may count the copy again by now. Its orders of open chunks stand, since it sees those in no report and
    /// never takes the order back; and so do those of a Go master.
    package func isStale(isOpen: Bool, now: MonotonicInstant) -> Bool {
        ground == .certain && !isOpen && now - givenAt > Self.life
    }
}
