import DFSCore
import DFSFiles
import NIOCore
import Synchronization

/// A chunk that is appended to, or that waits to be sealed or deleted (docs/decisions/0025).
///
/// Its moves: *fenced* (known by a fence only, no bytes) to *live* (``begin(version:chunkSize:)``), to *frozen* (a failure, or
/// a restart of the server: it takes nothing more), to its end (``seal(version:length:)``, ``delete(_:)``, ``leave()``). A fence
/// may come in each of them. Any thread may call; calls that change something come one after the other and block on the disk.
package final class UnsealedChunk: Sendable {
    struct State {
        var chunkSize: Int64 = 0
        /// Durable bytes.
        var length: Int64 = 0
        /// Of these.
        var crc32c: UInt32 = 0
        /// Under which they came; 0 before anything has.
        var version: UInt64 = 0
        /// Durable: nothing is taken for a version below.
        var fence: UInt64 = 0
        var nextSlot: Int64 = 0
        /// Why nothing more is taken.
        var frozen: DFSError?
        /// A sync has failed: what the disk holds is not known before a restart has read it.
        var hasFailedSync = false
        /// As it was found at the start: ``length`` and ``crc32c`` are not known yet.
        var isUnread = false
        /// As it was found at the start, in a file that could not be read: nothing of it is known, not even ``fence``.
        var isUnknown = false
        /// The file of an empty chunk was to be replaced, and nobody knows by which the next start will find it.
        var isFileUncertain = false
        /// The file has its name as a chunk, which is not durable yet.
        var isMoved = false
        /// It is deleted, which is not durable yet.
        var isLeaving = false
        /// What it has become.
        var end: End?
        /// Of its room.
        var reservation: UInt64?
    }

    enum End {
        case sealed(ContentDigest)
        case gone
    }

    package let id: ChunkID
    /// Holds this chunk; whoever else does holds the store, too.
    unowned let store: ChunkStore
    // Held during disk calls on purpose: what changes the file comes one after the other anyway.
    let state: Mutex<State>
    /// While bytes may still come.
    let file = Mutex<(any OpenFile)?>(nil)

    init(id: ChunkID, store: ChunkStore, _ state: State = State()) {
        self.id = id
        self.store = store
        self.state = Mutex(state)
    }

    /// What the chunk is by now.
    package struct Standing: Sendable, Equatable {
        package let version: UInt64
        package let fence: UInt64
        /// Durable bytes, whole records.
        package let length: Int64
        /// Nothing more is taken under ``version``.
        package let isFrozen: Bool
    }

    /// Blocks, at first use after a start while the file is read.
    package func standing() throws(DFSError) -> Standing {
        try state.withLock { (state) throws(DFSError) in
            try settle(&state)
            return Standing(
                version: state.version, fence: state.fence, length: state.length, isFrozen: state.frozen != nil)
        }
    }

    // MARK: Appending

    /// Writes the next bytes and their journal entry, and makes both durable by one sync.
    ///
    /// - Parameters:
    ///   - crc32c: of `data`, checked by the caller.
    ///   - offset: where they go, which is the end of what is here; a repeat of bytes that are here already is answered.
    /// - Returns: bytes of the chunk that are durable.
    /// - Throws: code ``DFSError/Code/failedPrecondition`` for another version or place,
    ///   ``DFSError/Code/outOfRange`` where the chunk is full. What the disk threw freezes the chunk.
    package func append(
        _ data: [ByteBuffer], crc32c: UInt32, at offset: Int64, version: UInt64
    ) throws(DFSError) -> Int64 {
        try state.withLock { (state) throws(DFSError) in
            try checkTakes(version, state)
            let byteCount = data.reduce(0) { $0 + $1.readableBytes }
            let end = offset + Int64(byteCount)
            if offset < state.length { return try confirm(crc32c, offset..<end, state) }
            guard offset == state.length else { throw misplaced(offset, state) }
            if byteCount == 0 { return state.length }
            guard end <= state.chunkSize, state.nextSlot < JournalEntry.maxCount else {
                throw DFSError(.outOfRange, "chunk \(id) is full; ask the master for the next one")
            }
            let crc = CRC32C.combined(state.crc32c, crc32c, secondByteCount: byteCount)
            do throws(DFSError) {
                try write(data, byteCount, &state, end: end, crc)
            } catch {
                state.frozen = DFSError(
                    .unavailable, "chunk \(id) takes nothing more here, since a write failed: \(error.message)",
                    advice: .refreshLocations)
                throw error
            }
            state.length = end
            state.crc32c = crc
            return end
        }
    }

    private func write(
        _ data: [ByteBuffer], _ byteCount: Int, _ state: inout State, end: Int64, _ crc: UInt32
    ) throws(DFSError) {
        let file = try openFile()
        let offset = state.length
        try store.withRoom(for: Int64(byteCount)) { () throws(DFSError) in try file.write(data, at: offset) }
        if let number = state.reservation {
            store.state.withLock { $0.reservations.use(Int64(byteCount), upload: number) }
        }
        try writeEntry(&state, file, end: end, fence: state.fence, crc)
    }

    /// Adds an entry and syncs.
    func writeEntry(
        _ state: inout State, _ file: any OpenFile, end: Int64, fence: UInt64, _ crc: UInt32
    ) throws(DFSError) {
        let entry = JournalEntry(
            slot: state.nextSlot, chunkSize: state.chunkSize, end: end, version: state.version, fence: fence,
            crc32c: crc)
        // Whatever becomes of it, nothing else is ever written at its place.
        state.nextSlot += 1
        try store.withRoom(for: 1) { () throws(DFSError) in try file.write([entry.encoded], at: entry.position) }
        do throws(DFSError) {
            try file.syncData()
        } catch {
            state.hasFailedSync = true
            throw error
        }
    }

    /// Checks bytes that come again.
    private func confirm(_ crc32c: UInt32, _ range: Range<Int64>, _ state: State) throws(DFSError) -> Int64 {
        guard range.upperBound <= state.length, try checksum(of: range) == crc32c else {
            throw misplaced(range.lowerBound, state)
        }
        return state.length
    }

    private func misplaced(_ offset: Int64, _ state: State) -> DFSError {
        DFSError(
            .failedPrecondition, "chunk \(id) has \(state.length) bytes here; other bytes came for byte \(offset)")
    }

    private func checkTakes(_ version: UInt64, _ state: State) throws(DFSError) {
        try checkIsOpen(state)
        guard version >= state.fence else { throw fenced(version, state) }
        guard version == state.version else {
            throw DFSError(.failedPrecondition, "chunk \(id) has version \(state.version) here, not \(version)")
        }
        if let frozen = state.frozen { throw frozen }
    }

    func checkIsOpen(_ state: State) throws(DFSError) {
        switch state.end {
        case nil where state.isLeaving:
            throw DFSError(.notFound, "chunk \(id) is being deleted here", advice: .refreshLocations)
        case nil: return
        case .sealed: throw DFSError(.failedPrecondition, "chunk \(id) is sealed", advice: .refreshLocations)
        case .gone: throw DFSError(.notFound, "no open chunk \(id) here", advice: .refreshLocations)
        }
    }

    func fenced(_ version: UInt64, _ state: State) -> DFSError {
        DFSError(
            .failedPrecondition, "chunk \(id) takes nothing for version \(version), but from \(state.fence) on",
            advice: .refreshLocations)
    }

    // MARK: Reading

    /// Reads exactly `count` bytes from `offset` on, which must be durable. Blocks, but not while others append.
    package func read(at offset: Int64, count: Int) throws(DFSError) -> ByteBuffer {
        let buffer = try openFile().read(upTo: count, at: offset)
        guard buffer.readableBytes == count else {
            throw DFSError(.dataLoss, "open chunk \(id) ends at byte \(offset + Int64(buffer.readableBytes))")
        }
        return buffer
    }

    /// The file that is kept open, or opened for this one use.
    func openFile() throws(DFSError) -> any OpenFile {
        if let kept = file.withLock({ $0 }) { return kept }
        let path = store.layout.open(id)
        guard try store.files.status(of: path) != nil else {
            throw DFSError(.dataLoss, "the file of open chunk \(id) is gone", advice: .tryOtherReplica)
        }
        return try store.files.open(path, .continuing)
    }

    /// From now on the file reads as what the disk holds. What a failed sync of the last run left in the page cache looks like
    /// what is synced, and no later sync writes it.
    static func dropUnsynced(_ file: any OpenFile) throws(DFSError) {
        try file.sync()
        file.forgetCached()
    }

    func checksum(of range: Range<Int64>) throws(DFSError) -> UInt32 {
        try Self.checksum(of: range, in: openFile(), id)
    }

    static func checksum(of range: Range<Int64>, in file: any OpenFile, _ id: ChunkID) throws(DFSError) -> UInt32 {
        var crc = CRC32C()
        for position in stride(from: range.lowerBound, to: range.upperBound, by: 1 << 20) {
            let count = Int(min(1 << 20, range.upperBound - position))
            let part = try file.read(upTo: count, at: position)
            guard part.readableBytes == count else {
                throw DFSError(.dataLoss, "open chunk \(id) ends at byte \(position + Int64(part.readableBytes))")
            }
            crc.update(part)
        }
        return crc.value
    }

    /// Finds out what the start could not read. To be called before anything is compared with ``State/fence``.
    func learnIfUnknown(_ state: inout State) throws(DFSError) {
        if state.isUnknown { try settle(&state) }
    }

    /// Finds out, once after a start, where the chunk ends.
    func settle(_ state: inout State) throws(DFSError) {
        guard try read(&state) else { throw Self.isChanged(id) }
    }

    static func isChanged(_ id: ChunkID) -> DFSError {
        DFSError(.dataLoss, "open chunk \(id) was changed on the disk", advice: .tryOtherReplica)
    }

    /// The same; `false` where the file says nothing any more, or has lost bytes that were synced.
    func read(_ state: inout State) throws(DFSError) -> Bool {
        guard state.isUnread else { return true }
        let file = try openFile()
        try Self.dropUnsynced(file)
        guard let journal = try OpenJournal(file) else { return false }
        // Anew where the start has read it: an entry may have gone with the page cache.
        state.learn(journal)
        guard let content = try journal.durableContent(file) else { return false }
        state.length = content.length
        state.crc32c = content.crc32c
        state.isUnread = false
        return true
    }
}
