/// Tells all who act on the node's chunks that something about them has changed.
final class ChangeSignal: Sendable {
    /// Heard by the session with the master.
    let session = Bell()
    /// Heard by what makes copies: a chunk may have become whole.
    let replication = Bell()
    /// Heard by what deletes: an upload that was in the way may have ended.
    let deletion = Bell()

    func ring() {
        session.ring()
        replication.ring()
        deletion.ring()
    }
}
