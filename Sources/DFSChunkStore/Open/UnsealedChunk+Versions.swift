import DFSCore
import DFSFiles

// Who may append: a chunk begins under a version, and fences raise what is taken.
extension UnsealedChunk {
    /// Takes bytes of `version` from now on. Durable on return. Blocks.
    ///
    /// Bytes of a lower version are never given up for it. A recovery that finds any seals the chunk with them; so a higher
    /// version comes only where its master found nothing, and bytes that are here all the same are bytes that it does not
    /// know of. It has them deleted first. A chunk without bytes goes over to the higher version.
    ///
    /// - Parameter chunkSize: bytes that the chunk holds at most.
    /// - Returns: whether this version is new here.
    /// - Throws: code ``DFSError/Code/failedPrecondition`` for a version below the fence or below that of the chunk, and for
    ///   a chunk that has bytes; ``DFSError/Code/unavailable`` for one that takes nothing more under its version.
    func begin(version: UInt64, chunkSize: Int64) throws(DFSError) -> Bool {
        guard version > 0, chunkSize > 0, chunkSize <= JournalEntry.maxChunkSize else {
            throw DFSError(
                .invalidArgument, "chunk \(id) cannot be open with version \(version) and \(chunkSize) bytes at most")
        }
        return try state.withLock { (state) throws(DFSError) in
            try checkIsOpen(state)
            try learnIfUnknown(&state)
            guard version >= state.fence, version >= state.version else { throw fenced(version, state) }
            if version == state.version {
                if let frozen = state.frozen { throw frozen }
                guard chunkSize == state.chunkSize else {
                    throw DFSError(
                        .failedPrecondition, "chunk \(id) is open here with \(state.chunkSize) bytes at most")
                }
                return false
            }
            try settle(&state)
            guard state.length == 0, !state.isMoved else {
                throw DFSError(
                    .failedPrecondition,
                    "chunk \(id) has \(state.length) bytes of version \(state.version) here; seal or delete it first")
            }
            let entry = JournalEntry(
                slot: 0, chunkSize: chunkSize, end: 0, version: version, fence: max(version, state.fence), crc32c: 0)
            try store.reserveRoom(for: self, chunkSize, &state)
            try replaceFile(by: entry, &state)
            let file = try store.files.open(store.layout.open(id), .continuing)
            self.file.withLock { $0 = file }
            return true
        }
    }

    /// Takes nothing for a version below from now on. Durable on return. Blocks.
    ///
    /// - Returns: whether there is anything but the fence, and the chunk's durable bytes.
    /// - Throws: code ``DFSError/Code/failedPrecondition`` where a higher fence is here.
    func raiseFence(to version: UInt64) throws(DFSError) -> (hasChunk: Bool, content: ContentDigest, isSealed: Bool) {
        try state.withLock { (state) throws(DFSError) in
            if case .sealed(let digest) = state.end { return (true, digest, true) }
            try checkIsOpen(state)
            try learnIfUnknown(&state)
            guard version >= state.fence else { throw fenced(version, state) }
            try settle(&state)
            if state.isMoved {
                // A seal has come as far as the name: the file has no journal any more, takes nothing, and the next start finds it whole.
                state.fence = version
            } else if version > state.fence || state.isFileUncertain {
                do throws(DFSError) {
                    try writeFence(version, &state)
                } catch {
                    // It may be on the disk or not.
                    state.frozen = state.frozen ?? error
                    throw error
                }
            }
            return (state.version != 0, ContentDigest(length: state.length, crc32c: state.crc32c), false)
        }
    }

    private func writeFence(_ version: UInt64, _ state: inout State) throws(DFSError) {
        if state.fence == 0 || state.isFileUncertain {
            let entry = JournalEntry(
                slot: 0, chunkSize: state.chunkSize, end: 0, version: state.version, fence: version, crc32c: 0)
            return try replaceFile(by: entry, &state)
        }
        try writeEntry(&state, openFile(), end: state.length, fence: version, state.crc32c)
        state.fence = version
    }

    /// Makes the file of a chunk without bytes afresh with one entry, in one step: a crash leaves the old one or the new one.
    private func replaceFile(by entry: JournalEntry, _ state: inout State) throws(DFSError) {
        let files = store.files
        let temporary = store.layout.temporary(store.nextTemporaryNumber())
        do throws(DFSError) {
            let file = try store.withRoom(for: 1) { () throws(DFSError) in try files.open(temporary, .creating) }
            try store.withRoom(for: 1) { () throws(DFSError) in try file.write([entry.encoded], at: entry.position) }
            try file.sync()
        } catch {
            _ = try? files.remove(temporary)
            throw error
        }
        do throws(DFSError) {
            try files.rename(temporary, to: store.layout.open(id), replacing: true)
            try files.syncFolder(store.layout.open)
        } catch {
            state.isFileUncertain = true
            state.frozen = state.frozen ?? error
            _ = try? files.remove(temporary)
            throw error
        }
        file.withLock { $0 = nil }
        state.chunkSize = entry.chunkSize
        state.version = entry.version
        state.fence = entry.fence
        state.nextSlot = 1
        state.frozen = nil
        state.isFileUncertain = false
    }
}
