import Synchronization

/// Counts the bytes of one upload that its link has taken, and adds them to those of all uploads to the server. Lives on the
/// call's event loop.
final class TakenBytes {
    private let peer: Peer
    /// Of this upload.
    private(set) var own = 0

    init(of peer: Peer) { self.peer = peer }

    /// Of all uploads to the server.
    var total: Int { peer.uploaded.load(ordering: .relaxed) }

    func add(_ byteCount: Int) {
        own += byteCount
        peer.uploaded.add(byteCount, ordering: .relaxed)
    }
}
