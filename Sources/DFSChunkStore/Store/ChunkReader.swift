import DFSCore
import DFSFiles
import NIOCore

/// An open chunk; stays readable to its end also when the chunk is deleted meanwhile.
package final class ChunkReader: Sendable {
    /// Whose bytes these are.
    package let id: ChunkID
    /// What the chunk holds.
    package let stored: ChunkCatalog.Stored
    private let file: any OpenFile

    init(id: ChunkID, stored: ChunkCatalog.Stored, file: any OpenFile) {
        self.id = id
        self.stored = stored
        self.file = file
    }

    /// Reads exactly `count` bytes from `offset` on, which must lie in the chunk. Blocks.
    ///
    /// - Throws: code ``DFSError/Code/dataLoss`` when the file is shorter than it was.
    package func read(at offset: Int64, count: Int) throws(DFSError) -> ByteBuffer {
        let buffer = try file.read(upTo: count, at: offset)
        guard buffer.readableBytes == count else {
            throw DFSError(
                .dataLoss,
                "chunk \(id) ends at byte \(offset + Int64(buffer.readableBytes)) of \(stored.length); read another replica"
            )
        }
        return buffer
    }
}

extension ChunkStore {
    /// Opens a chunk that is whole.
    ///
    /// A chunk whose file was removed, cut or lengthened behind the store's back leaves the catalog.
    ///
    /// - Throws: code ``DFSError/Code/notFound`` when there is none, ``DFSError/Code/unavailable`` when it is only being
    ///   written, ``DFSError/Code/dataLoss`` when its file is not what it was.
    package func openChunk(_ id: ChunkID) throws(DFSError) -> ChunkReader {
        guard let stored = state.withLock({ $0.catalog.stored(id) }) else {
            let isOnItsWay = state.withLock { $0.catalog.isBeingWritten(id) }
            throw DFSError(
                isOnItsWay ? .unavailable : .notFound,
                isOnItsWay ? "chunk \(id) is still being written here; read another replica" : "no chunk \(id) here",
                advice: .tryOtherReplica)
        }
        let file: any OpenFile
        do {
            file = try files.open(layout.chunk(id), .reading)
        } catch  where error.code == .notFound {
            forget(id)
            throw DFSError(.notFound, "the file of chunk \(id) is gone", advice: .tryOtherReplica)
        }
        guard try file.size() == stored.length else {
            _ = try quarantine(id, .doubtful)
            throw DFSError(.dataLoss, "chunk \(id) was changed on the disk; read another replica")
        }
        return ChunkReader(id: id, stored: stored, file: file)
    }

    /// Drops a chunk whose file somebody else has removed.
    private func forget(_ id: ChunkID) {
        state.withLock { state in
            if state.catalog.beginRemoval(id) == .removed { state.catalog.endRemoval(id) }
        }
    }
}
