import DFSChunkStore
import DFSCore
import NIOCore

/// Reads chunks for others so that nobody takes bytes that the disk has changed for right. What is found wrong is checked
/// at once.
struct ChunkSource: Sendable {
    let store: ChunkStore
    let threads: DiskThreads
    let suspicions: Suspicions

    /// Opens a chunk; one whose block checksums are missing is read once to make them again.
    ///
    /// - Throws: as ``ChunkStore/openChunk(_:)``.
    func open(_ id: ChunkID) async throws -> ChunkReader {
        let store = store
        return try await suspecting(id) {
            let reader = try await threads.run { try store.openChunk(id) }
            guard reader.lacksChecksums else { return reader }
            let scan = store.scan(reader)
            while try await threads.run({ try scan.step() }) > 0 {}
            return try await threads.run { try store.proven(reader, by: scan) }
        }
    }

    /// Calls `body` with the bytes of a range, in order and in pieces of up to 1 MiB; while it runs, the next are being
    /// read.
    ///
    /// - Parameters:
    ///   - range: of the chunk, all inside it.
    ///   - comparing: whether the bytes are for somebody who does not compare them with their checksums.
    func forEachPiece(
        of reader: ChunkReader, _ range: Range<Int64>, comparing: Bool, _ body: (CheckedBytes) async throws -> Void
    ) async throws {
        let stream = ChunkStream(reader: reader, threads: threads, range: range, isComparing: comparing)
        let suspicions = suspicions
        try await stream.forEachBlock(onFailure: { error in Self.suspect(reader.id, error, suspicions) }, body)
    }

    private func suspecting<Result>(_ id: ChunkID, _ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch {
            Self.suspect(id, error, suspicions)
            throw error
        }
    }

    private static func suspect(_ id: ChunkID, _ error: any Error, _ suspicions: Suspicions) {
        if (error as? DFSError)?.code == .dataLoss { suspicions.note(id) }
    }
}
