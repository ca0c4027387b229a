import DFSChunkStore
import DFSCore
import DFSServices
import DFSWire
import NIOCore
import RPC

/// Answers DownloadChunk, from any offset and for any length that call metadata asks for.
struct DownloadService: Sendable {
    let store: ChunkStore
    let threads: DiskThreads
    let primaries: Primaries
    let changes: ChangeSignal
    let stallLimit: Duration

    func add(to routes: inout ServiceRoutes) {
        routes.streaming(Methods.downloadChunk) { call in
            try await StallWatch.run(limit: stallLimit) { watch in try await download(call, watch) }
        }
    }

    private func download(_ call: ServerCall, _ watch: StallWatch) async throws {
        guard let request = try await call.receive(DownloadChunkRequest.self) else {
            throw DFSError(.invalidArgument, "a download needs one request")
        }
        let id = try ChunkID(request.chunkID)
        let offset = try call.metadata.number(CallMetadata.offset, as: Int64.self)
        let length = try call.metadata.number(CallMetadata.length, as: Int64.self)
        if store.unsealed(id) != nil { return try await downloadOpen(id, offset, length, call, watch) }
        let reader = try await open(id)
        let stored = reader.stored
        let start = offset ?? 0
        guard start <= stored.length else {
            throw DFSError(.invalidArgument, "chunk \(id) has \(stored.length) bytes; there is no byte \(start)")
        }
        var metadata = Metadata()
        if let offset { metadata.add(CallMetadata.offset, number: offset) }
        if let length { metadata.add(CallMetadata.length, number: length) }
        metadata.add(CallMetadata.chunkLength, number: stored.length)
        if let crc = stored.crc32c { metadata.add(CallMetadata.chunkCRC32C, number: crc) }
        call.sendInitialMetadata(metadata)
        // Only Swift readers ask for an offset, and they take large messages; others get what Go nodes send.
        let dataSize = offset == nil ? ClusterDefaults.goDataSize : ChunkStream.blockSize
        let end = min(stored.length, start + min(length ?? stored.length, stored.length - start))
        let encoder = ChunkDataEncoder(chunkID: id.text)
        var seqNo: Int32 = 0
        try await ChunkStream(reader: reader, threads: threads, range: start..<end).forEachBlock { block in
            var rest = block
            while let slice = rest.readSlice(length: min(dataSize, rest.readableBytes)), slice.readableBytes > 0 {
                let message = RPCMessage(segments: encoder.encode(data: slice, seqNo: seqNo, checksum: 0))
                seqNo &+= 1
                try await watch.waiting { try await call.send(message) }
            }
        }
    }

    /// A chunk that turns out to be lost or cut leaves the listing, so the master hears of it.
    private func open(_ id: ChunkID) async throws -> ChunkReader {
        let store = store
        do {
            return try await threads.run { try store.openChunk(id) }
        } catch {
            changes.ring()
            throw error
        }
    }
}
