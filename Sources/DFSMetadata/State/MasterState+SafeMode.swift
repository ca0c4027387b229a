import DFSCore

/// What a master that starts waits for: that its chunk servers tell of nearly all chunks that the store knows.
///
/// It begins on and is left once, for good.
struct SafeMode: Sendable {
    var isOn = true
    /// Chunks of complete files in the store.
    var total = 0
    /// Those of them that no server has told of in this master's life.
    var unheard = 0

    /// How many chunks may be unheard of when it is left.
    func allowed(_ policy: ClusterPolicy) -> Int {
        Int(Double(total) * (1 - policy.safeModeShare) + 1e-9)
    }
}

// Until the master knows where the files are, it changes nothing: a master without its servers takes everything for lost.
extension MasterState {
    /// Names in the warning about what is missing.
    private static let maxNamesMissing = 10

    /// Refuses what must wait until the master has left safe mode.
    func checkWritable() throws(DFSError) {
        guard safeMode.isOn else { return }
        let heard = safeMode.total - safeMode.unheard
        throw DFSError(
            .unavailable,
            "the master is in safe mode: its chunk servers have told of \(heard) of \(safeMode.total) chunks, "
                + "\(safeMode.total - safeMode.allowed(policy)) are needed; start chunk servers that are down, or try again "
                + "in at most \(max(1, (policy.safeModeLimit - (now - startedAt)).components.seconds)) s",
            advice: .retrySamePeer)
    }

    /// A server told of the chunk, or it is gone: it is no longer waited for.
    mutating func noteHeard(_ chunk: ChunkHandle) {
        guard chunks[chunk].isUnheard else { return }
        chunks[chunk].isUnheard = false
        safeMode.unheard -= 1
    }

    /// Leaves safe mode when enough is known, or when it has taken too long.
    mutating func reviewSafeMode() {
        guard safeMode.isOn else { return }
        let isKnown = safeMode.unheard <= safeMode.allowed(policy)
        guard isKnown || now - startedAt > policy.safeModeLimit else { return }
        safeMode.isOn = false
        guard safeMode.total > 0 else { return }
        let missing =
            isKnown
            ? []
            : chunks.all.lazy.filter { self.chunks[$0].isUnheard }.prefix(Self.maxNamesMissing)
                .map { self.id(of: $0) }
        effects.append(.log(.safeModeLeft(unheard: safeMode.unheard, of: safeMode.total, examples: missing)))
    }
}
