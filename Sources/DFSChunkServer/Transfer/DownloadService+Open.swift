import DFSChunkStore
import DFSCore
import DFSServices
import DFSWire
import NIOCore
import RPC

// Open chunks: only what all servers have on disk, only by the primary, only under a lease.
extension DownloadService {
    func downloadOpen(
        _ id: ChunkID, _ offset: Int64?, _ wanted: Int64?, _ call: ServerCall, _ watch: StallWatch
    ) async throws {
        let (file, length) = try primaries.readable(id)
        let start = offset ?? 0
        guard start <= length else {
            throw DFSError(.invalidArgument, "open chunk \(id) has \(length) bytes; there is no byte \(start)")
        }
        var metadata = Metadata()
        if let offset { metadata.add(CallMetadata.offset, number: offset) }
        if let wanted { metadata.add(CallMetadata.length, number: wanted) }
        metadata.add(CallMetadata.chunkLength, number: length)
        metadata.add(CallMetadata.open, "1")
        call.sendInitialMetadata(metadata)
        let dataSize = offset == nil ? ClusterDefaults.goDataSize : ChunkStream.blockSize
        let encoder = ChunkDataEncoder(chunkID: id.text)
        let end = start + min(wanted ?? length, length - start)
        var (position, seqNo) = (start, Int32(0))
        while position < end {
            // What was committed stays true, but nobody shall read on from a server that others have taken over from.
            if position > start { _ = try primaries.readable(id) }
            let (at, count) = (position, Int(min(Int64(dataSize), end - position)))
            let block = try await threads.run { try file.read(at: at, count: count) }
            let message = encoder.encode(data: block, seqNo: seqNo, checksum: [block].checksum)
            try await watch.waiting { try await call.send(RPCMessage(segments: message)) }
            position += Int64(count)
            seqNo &+= 1
        }
    }
}
