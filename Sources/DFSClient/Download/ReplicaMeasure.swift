import DFSCore
import DFSServices

/// What one replica of a chunk holds, found out by reading all of it.
struct ReplicaMeasure: Sendable, Equatable {
    let server: String
    let length: Int
    let crc32c: UInt32

    /// Reads the chunk `id` from `server`; keeps none of it.
    static func take(_ id: String, from server: String, _ context: ClientContext) async throws -> ReplicaMeasure {
        let request = ChunkDownloadRequest(chunkID: try ChunkID(id))
        return try await context.chunkServers.withPeer(try ServerAddress(server)) { peer in
            try await peer.downloadChunk(request, settings: context.transferSettings) { download in
                var length = 0
                var crc32c: UInt32 = 0
                while let piece = try await download.next() {
                    length += piece.byteCount
                    crc32c = CRC32C.combined(crc32c, piece.crc32c, secondByteCount: piece.byteCount)
                }
                return ReplicaMeasure(server: server, length: length, crc32c: crc32c)
            }
        }
    }
}
