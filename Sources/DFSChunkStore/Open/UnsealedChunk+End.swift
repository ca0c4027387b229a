import DFSCore
import DFSFiles

// How an open chunk ends.
extension UnsealedChunk {
    /// Makes the first `length` bytes a chunk like all others: file, name and digest are durable on return. Blocks.
    ///
    /// Done again, it gives the same answer. The digest comes first and is durable before the journal is cut off, so that
    /// after a crash the file says itself what it is to be (``ChunkStore``'s start finishes it).
    ///
    /// - Throws: code ``DFSError/Code/failedPrecondition`` for another version than that of the fence, or another length
    ///   than it was sealed with; ``DFSError/Code/outOfRange`` where it has fewer bytes.
    func seal(version: UInt64, length: Int64) throws(DFSError) -> ContentDigest {
        try state.withLock { (state) throws(DFSError) in
            if case .sealed(let digest) = state.end { return try Self.confirm(id, digest, length) }
            try checkIsOpen(state)
            try settle(&state)
            let digest = try checkSeal(version, length, state)
            state.frozen =
                state.frozen
                ?? DFSError(.failedPrecondition, "chunk \(id) is being sealed", advice: .refreshLocations)
            if !state.isMoved {
                try cut(to: digest, &state)
                _ = try store.takeName(of: id, for: store.layout.open(id), digest)
                state.isMoved = true
            }
            try store.files.syncFolder(store.layout.root)
            end(as: .sealed(digest), &state)
            return digest
        }
    }

    /// A seal of what is sealed already.
    static func confirm(_ id: ChunkID, _ sealed: ContentDigest, _ length: Int64) throws(DFSError) -> ContentDigest {
        guard sealed.length == length else {
            throw DFSError(.failedPrecondition, "chunk \(id) is sealed with \(sealed.length) bytes, not \(length)")
        }
        return sealed
    }

    private func checkSeal(_ version: UInt64, _ length: Int64, _ state: State) throws(DFSError) -> ContentDigest {
        guard version == state.fence else {
            throw DFSError(.failedPrecondition, "chunk \(id) is fenced at \(state.fence), not at \(version)")
        }
        guard length >= 0, length <= state.length else {
            throw DFSError(.outOfRange, "chunk \(id) has \(state.length) bytes here, not \(length)")
        }
        if state.hasFailedSync {
            throw DFSError(
                .dataLoss,
                "a sync of chunk \(id) failed: what the disk holds is known when this server was restarted",
                advice: .tryOtherReplica)
        }
        // The running checksum of the journal is the digest, unless others have fewer bytes.
        let crc = length == state.length ? state.crc32c : try checksum(of: 0..<length)
        return ContentDigest(length: length, crc32c: crc)
    }

    /// Leaves the chunk's bytes and their digest in the file, and nothing else; durable.
    private func cut(to digest: ContentDigest, _ state: inout State) throws(DFSError) {
        let file = try openFile()
        do throws(DFSError) {
            _ = try file.setAttribute(DigestAttribute.name, to: DigestAttribute.text(of: digest))
            try file.sync()
            try file.truncate(to: digest.length)
            state.length = digest.length
            state.crc32c = digest.crc32c
            try file.sync()
        } catch {
            state.hasFailedSync = true
            throw error
        }
    }

    /// Deletes the chunk for its users. Its bytes are kept in quarantine as a chunk like all others, without the journal, so
    /// that an operator can restore them as any chunk; a chunk without bytes is erased. Durable on return: a file that
    /// came back with the power would be nobody's. Blocks.
    func delete(_ ground: DeletionGround) throws(DFSError) {
        try state.withLock { (state) throws(DFSError) in
            if state.end != nil { return }
            if !state.isLeaving { try takeAway(ground, &state) }
            // Again on each attempt: nobody knows which of them has failed.
            if state.isMoved { try store.files.syncFolder(store.layout.root) }
            try store.files.syncFolder(store.layout.open)
            end(as: .gone, &state)
        }
    }

    /// Sets ``State/isLeaving`` as soon as the file has left its name, also where somebody else has taken it from there.
    private func takeAway(_ ground: DeletionGround, _ state: inout State) throws(DFSError) {
        state.frozen =
            state.frozen ?? DFSError(.notFound, "chunk \(id) is being deleted", advice: .refreshLocations)
        // A seal may have come as far as the name.
        let path = state.isMoved ? store.layout.chunk(id) : store.layout.open(id)
        if let size = try store.files.status(of: path)?.size {
            let isRead = try isReadable(&state)
            if isRead, !state.isMoved, state.length == 0 {
                try store.files.remove(path)
            } else {
                if isRead, !state.isMoved {
                    try cut(to: ContentDigest(length: state.length, crc32c: state.crc32c), &state)
                }
                try store.moveToQuarantine(id, from: path, bytes: isRead ? state.length : size, ground)
            }
        }
        state.isLeaving = true
    }

    /// Whether its bytes are known; one that the start could not read either leaves as it is.
    private func isReadable(_ state: inout State) throws(DFSError) -> Bool {
        do throws(DFSError) {
            return try read(&state)
        } catch  where state.isUnknown && error.isOfOneFile {
            return false
        }
    }

    /// Erases it: the whole chunk has come by another way.
    func leave() {
        state.withLock { state in
            if state.end != nil { return }
            store.state.withLock { _ = $0.leftOpen.insert(id) }
            end(as: .gone, &state)
            _ = try? store.removeLeftOpen(id)
        }
    }

    /// In one step for those who look: a sealed chunk is never neither open nor whole.
    func end(as end: End, _ state: inout State) {
        state.end = end
        file.withLock { $0 = nil }
        let reservation = state.reservation
        store.state.withLock { store in
            if case .sealed(let digest) = end { store.catalog.store(id, ChunkCatalog.Stored(digest)) }
            store.open[id] = nil
            store.catalog.setOpen(id, false)
            guard let reservation else { return }
            store.reservations.release(upload: reservation)
            store.begunCount -= 1
        }
    }
}
