import DFSChunkStore
import DFSCore
import DFSFiles
import DFSServices
import DFSWire
import NIOCore
import RPC

/// Answers Replicate: keeps the bytes of an open chunk that another server is the primary of.
struct ReplicateService: Sendable {
    let store: ChunkStore
    let threads: DiskThreads
    let changes: ChangeSignal
    let stopping: StopSignal

    func add(to routes: inout ServiceRoutes) {
        let maxReceive = AppendSettings.maxRecordSize + (64 << 10)
        routes.streaming(Methods.replicate, maxReceive: maxReceive) { call in
            try await stopping.run { try await replicate(call) }
        }
    }

    /// Each request is answered by how many bytes are durable here, the first one, too.
    private func replicate(_ call: ServerCall) async throws {
        guard let opening = try await call.receive() else {
            throw DFSError(.invalidArgument, "a chunk is replicated by at least one request")
        }
        let request = try ReplicateRequest(wire: opening.segments)
        guard let named = request.chunk, request.data.isEmpty else {
            throw DFSError(.invalidArgument, "replicating begins with a request that names its chunk and has no data")
        }
        let (store, id, version) = (store, try ChunkID(named.chunkID), named.version)
        let chunkSize = Int64(clamping: request.chunkSize)
        let (chunk, length) = try await threads.run {
            let (chunk, _) = try store.beginOpen(id, version: version, chunkSize: chunkSize)
            return (chunk, try chunk.standing().length)
        }
        changes.ring()
        try await call.send(ReplicateResponse(length: UInt64(length)))
        while let message = try await call.receive() {
            let length = try await write(ReplicateRequest(wire: message.segments), to: chunk, version)
            try await call.send(ReplicateResponse(length: UInt64(length)))
        }
    }

    private func write(_ request: ReplicateRequest, to chunk: UnsealedChunk, _ version: UInt64) async throws -> Int64 {
        guard let offset = Int64(exactly: request.offset), offset <= Int64.max / 2 else {
            throw DFSError(.invalidArgument, "there is no byte \(request.offset) in chunk \(chunk.id)")
        }
        return try await threads.run {
            guard request.data.checksum == request.crc32c else {
                throw DFSError(.dataLoss, "bytes of chunk \(chunk.id) arrived damaged; send them again")
            }
            return try chunk.append(request.data, crc32c: request.crc32c, at: offset, version: version)
        }
    }
}

extension [ByteBuffer] {
    /// CRC-32C of all their bytes.
    var checksum: UInt32 {
        var crc = CRC32C()
        for buffer in self { crc.update(buffer) }
        return crc.value
    }
}
