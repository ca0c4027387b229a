import DFSCore
import DFSFiles

// The open chunks of a folder. Whatever is sealed already answers so.
extension ChunkStore {
    /// What a fence found.
    package struct Fenced: Sendable, Equatable {
        /// Whether there is anything but the fence.
        package let hasChunk: Bool
        /// Durable bytes, whole records.
        package let length: Int64
        /// It is a chunk like all others.
        package let isSealed: Bool
    }

    /// How many chunks may be open.
    package var maxOpenChunks: Int { settings.maxOpenChunks }

    /// The chunk under that id, while it is open.
    package func unsealed(_ id: ChunkID) -> UnsealedChunk? { state.withLock { $0.open[id] } }

    /// Makes an open chunk, or goes on with an empty one, that takes bytes of `version`. Durable on return. Blocks.
    ///
    /// - Parameter chunkSize: bytes that it holds at most.
    /// - Returns: the chunk, and whether the version is new here.
    /// - Throws: what ``UnsealedChunk/begin(version:chunkSize:)`` throws; code ``DFSError/Code/resourceExhausted`` where too many are
    ///   open or the disk has no room for a whole chunk, ``DFSError/Code/failedPrecondition`` after ``neverOpenAgain(_:)``.
    package func beginOpen(_ id: ChunkID, version: UInt64, chunkSize: Int64) throws(DFSError) -> (
        UnsealedChunk, isNew: Bool
    ) {
        let chunk = try enter(id)
        do throws(DFSError) {
            return (chunk, try chunk.begin(version: version, chunkSize: chunkSize))
        } catch {
            forgetIfEmpty(chunk)
            throw error
        }
    }

    /// From the return on nothing is taken for a lower version, also after a restart, whether or not the chunk is here.
    /// Blocks.
    ///
    /// - Throws: code ``DFSError/Code/failedPrecondition`` where a higher fence is here, and after ``neverOpenAgain(_:)``.
    package func fence(_ id: ChunkID, version: UInt64) throws(DFSError) -> Fenced {
        if let stored = state.withLock({ $0.catalog.stored(id) }) {
            return Fenced(hasChunk: true, length: stored.length, isSealed: true)
        }
        // Fences are not bounded: each is the master's word, and a recovery must not wait for others.
        let chunk = try enter(id)
        do throws(DFSError) {
            let found = try chunk.raiseFence(to: version)
            return Fenced(hasChunk: found.hasChunk, length: found.content.length, isSealed: found.isSealed)
        } catch {
            forgetIfEmpty(chunk)
            throw error
        }
    }

    /// Makes the first `length` bytes of an open chunk a chunk like all others. Durable on return. Blocks: the bytes are read once
    /// more, which are in the page cache as a rule, so that the first reader need not wait for their checksums.
    ///
    /// - Parameter suspect: called where the bytes that were read are not those that were sealed, or could not be read: the chunk is to
    ///   be checked.
    /// - Throws: what ``UnsealedChunk/seal(version:length:)`` throws; code ``DFSError/Code/notFound`` where there is none.
    package func seal(
        _ id: ChunkID, version: UInt64, length: Int64, suspect: (ChunkID) -> Void = { _ in }
    ) throws(DFSError) -> ContentDigest {
        let (chunk, isStored) = state.withLock { ($0.open[id], $0.catalog.stored(id) != nil) }
        if isStored { return try UnsealedChunk.confirm(id, digestOnDisk(id), length) }
        guard let chunk else { throw DFSError(.notFound, "no open chunk \(id) here", advice: .tryOtherReplica) }
        let digest = try chunk.seal(version: version, length: length)
        if !makeTable(of: id, digest) { suspect(id) }
        return digest
    }

    /// The chunk is to be deleted here by the word of the master, whose it is no longer as an open one. A call that was on its
    /// way for longer than its caller waited does not make it anew from now on, nor a fence of it, which nobody would have
    /// deleted. Of those calls none outlives this process, so nothing of it is durable. Does not block.
    package func neverOpenAgain(_ id: ChunkID) {
        state.withLock { state in
            if state.catalog.stored(id) == nil { state.closed.insert(id) } else { state.closedWhole.insert(id) }
        }
    }

    /// Deletes an open chunk for its users; see ``UnsealedChunk/delete(_:)``. Blocks.
    package func deleteOpen(_ id: ChunkID, _ ground: DeletionGround) throws(DFSError) {
        try unsealed(id)?.delete(ground)
    }

    /// Removes the file of an open chunk that has ended since the whole chunk came by another way. Durable on return. Blocks.
    func removeLeftOpen(_ id: ChunkID) throws(DFSError) {
        try files.remove(layout.open(id))
        try files.syncFolder(layout.open)
        state.withLock { _ = $0.leftOpen.remove(id) }
    }

    /// The same for all whose files could not be removed then; says what went wrong first.
    func removeLeftOpen() -> DFSError? {
        var first: DFSError?
        for id in state.withLock({ $0.leftOpen.sorted() }) {
            do throws(DFSError) {
                try removeLeftOpen(id)
            } catch {
                first = first ?? error
            }
        }
        return first
    }

    /// A number for a file in the folder of temporary files.
    func nextTemporaryNumber() -> UInt64 {
        state.withLock { state in
            defer { state.nextUpload += 1 }
            return state.nextUpload
        }
    }

    /// Promises the chunk room for all its bytes, as for an upload, and counts it among those that may take bytes.
    func reserveRoom(for chunk: UnsealedChunk, _ bytes: Int64, _ state: inout UnsealedChunk.State) throws(DFSError) {
        if state.reservation != nil { return }
        let limit = settings.maxOpenChunks
        while true {
            let free = try files.freeBytes(at: layout.root)
            let (number, spare) = try self.state.withLock { (state) throws(DFSError) in
                if state.begunCount >= limit {
                    throw DFSError(.resourceExhausted, "\(limit) chunks are open here already; try another server")
                }
                let room = free - state.reservations.total
                if bytes > room {
                    guard state.spare.total >= bytes - room else { throw noRoom(for: chunk.id, bytes, room) }
                    return (UInt64?.none, state.spare.takeOldest(bytes - room))
                }
                let number = state.nextUpload
                state.nextUpload += 1
                state.reservations.reserve(bytes, upload: number)
                state.begunCount += 1
                return (number, [])
            }
            if let number {
                state.reservation = number
                return
            }
            erase(spare)
        }
    }

    private func noRoom(for id: ChunkID, _ bytes: Int64, _ room: Int64) -> DFSError {
        DFSError(
            .resourceExhausted,
            "no space for the \(bytes) bytes of open chunk \(id): \(max(0, room)) are free; "
                + "free some, or add chunk servers")
    }

    /// The chunk's place among the open ones.
    private func enter(_ id: ChunkID) throws(DFSError) -> UnsealedChunk {
        try state.withLock { (state) throws(DFSError) in
            if let chunk = state.open[id] { return chunk }
            if state.catalog.stored(id) != nil {
                throw DFSError(.failedPrecondition, "chunk \(id) is sealed", advice: .refreshLocations)
            }
            // It may be what was sealed here: nobody must take it for absent.
            if state.isInTheWay(id) {
                throw DFSError(.dataLoss, "the file of chunk \(id) cannot be used here", advice: .tryOtherReplica)
            }
            guard !state.closed.contains(id), !state.closedWhole.contains(id), !state.leftOpen.contains(id) else {
                throw DFSError(
                    .failedPrecondition, "chunk \(id) was deleted here, and is not opened again",
                    advice: .refreshLocations)
            }
            let chunk = UnsealedChunk(id: id, store: self)
            state.open[id] = chunk
            state.catalog.setOpen(id, true)
            return chunk
        }
    }

    /// A chunk that could not be made, and of which nothing is on the disk.
    private func forgetIfEmpty(_ chunk: UnsealedChunk) {
        chunk.state.withLock { open in
            guard open.end == nil, open.fence == 0, !open.isUnknown else { return }
            // A file that could not be told from one that was not made is no word that anybody was given.
            _ = try? files.remove(layout.open(chunk.id))
            chunk.end(as: .gone, &open)
        }
    }
}
