import DFSChunkStore
import DFSCore
import DFSServices
import DFSWire
import NIOCore
import RPC

/// Answers DownloadChunk, from any offset and for any length that call metadata asks for.
struct DownloadService: Sendable {
    let source: ChunkSource
    let primaries: Primaries
    let changes: ChangeSignal
    let stallLimit: Duration
    /// Each holds two blocks of 1 MiB, and what waits in its call.
    let slots: Slots

    func add(to routes: inout ServiceRoutes) {
        routes.streaming(Methods.downloadChunk) { call in
            guard slots.take() else {
                throw DFSError(
                    .unavailable, "too many downloads are under way here; read another replica",
                    advice: .tryOtherReplica)
            }
            defer { slots.giveBack() }
            try await StallWatch.run(limit: stallLimit, on: call.eventLoop) { watch in try await download(call, watch) }
        }
    }

    private func download(_ call: ServerCall, _ watch: StallWatch) async throws {
        guard let request = try await call.receive(DownloadChunkRequest.self) else {
            throw DFSError(.invalidArgument, "a download needs one request")
        }
        let id = try ChunkID(request.chunkID)
        let offset = try call.metadata.number(CallMetadata.offset, as: Int64.self)
        let length = try call.metadata.number(CallMetadata.length, as: Int64.self)
        if source.store.unsealed(id) != nil { return try await downloadOpen(id, offset, length, call, watch) }
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
        let isSwift = offset != nil
        let end = min(stored.length, start + min(length ?? stored.length, stored.length - start))
        let encoder = ChunkDataEncoder(chunkID: id.text)
        var seqNo: Int32 = 0
        func send(_ data: ByteBuffer, checksum: UInt32) async throws {
            let message = RPCMessage(segments: encoder.encode(data: data, seqNo: seqNo, checksum: checksum))
            seqNo &+= 1
            try await watch.waiting { try await call.send(message) }
        }
        // A Swift reader compares each message with what is kept beside the chunk. A Go reader compares nothing, so this
        // is done here for it, and no checksum is sent, as Go nodes do.
        try await source.forEachPiece(of: reader, start..<end, comparing: !isSwift) { piece in
            if isSwift { return try await send(piece.bytes, checksum: piece.crc32c ?? 0) }
            var rest = piece.bytes
            while let slice = rest.readSlice(length: min(ClusterDefaults.goDataSize, rest.readableBytes)),
                slice.readableBytes > 0
            {
                try await send(slice, checksum: 0)
            }
        }
    }

    /// A chunk that turns out to be lost or cut leaves the listing, so the master hears of it.
    private func open(_ id: ChunkID) async throws -> ChunkReader {
        do {
            return try await source.open(id)
        } catch {
            changes.ring()
            throw error
        }
    }
}
