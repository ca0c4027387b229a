import DFSCore
import DFSWire
import NIOCore
import RPC

/// One UploadChunk call under way: what the sender pushes its data into. Used on the call's event loop, by one task.
package final class ChunkUpload {
    private let call: ClientCall
    private let encoder: ChunkDataEncoder
    private let kind: PeerKind
    private let maxDataSize: Int
    private let stallGuard: StallGuard
    private var seqNo: Int32 = 0
    /// Counts what has been given to the link: of this upload, and of all to this server.
    private let taken: TakenBytes

    init(
        call: ClientCall, chunkID: ChunkID, kind: PeerKind, settings: TransferSettings, stallGuard: StallGuard,
        taken: TakenBytes
    ) {
        self.call = call
        self.encoder = ChunkDataEncoder(chunkID: chunkID.text)
        self.kind = kind
        self.maxDataSize = kind.isSwift ? settings.swiftDataSize : ClusterDefaults.goDataSize
        self.stallGuard = stallGuard
        self.taken = taken
    }

    /// Lets the server begin before there is any data: from then on it lists the chunk to a Go master, which takes a chunk
    /// that a list lacks for lost.
    package func begin() async throws {
        try await send(message: [], checksum: 0)
    }

    /// Sends the next bytes of the chunk, without copying them, and waits while the server takes nothing.
    ///
    /// - Parameter crc32c: of `data`, where the caller has it; it travels along if `data` fits one message.
    package func send(_ data: ByteBuffer, crc32c: UInt32? = nil) async throws {
        try await send([data], crc32c: crc32c)
    }

    /// The same for bytes that lie in several buffers.
    package func send(_ data: [ByteBuffer], crc32c: UInt32? = nil) async throws {
        let byteCount = data.reduce(0) { $0 + $1.readableBytes }
        if byteCount <= maxDataSize {
            guard byteCount > 0 else { return }
            // Go nodes always send 0 and were never seen with anything else.
            return try await send(message: data, checksum: kind.isSwift ? crc32c ?? 0 : 0)
        }
        for start in stride(from: 0, to: byteCount, by: maxDataSize) {
            let count = min(maxDataSize, byteCount - start)
            try await send(message: data.slice(from: start, count: count), checksum: 0)
        }
    }

    /// Ends the stream and waits for the acknowledgement and for the status behind it: a Go server syncs in between.
    func finish() async throws {
        // A Go server takes a stream without any message for an error.
        if seqNo == 0 { try await send(message: [], checksum: 0) }
        call.finishSending()
        guard let status = try await call.receive(UploadChunkStatus.self) else {
            throw DFSError(.dataLoss, "the upload ended with OK and without an answer", advice: .tryOtherReplica)
        }
        guard status.success else {
            throw DFSError(.dataLoss, "the server did not store the chunk", advice: .tryOtherReplica)
        }
        guard try await call.receive() == nil else {
            throw DFSError(.dataLoss, "the upload got more than one answer", advice: .tryOtherReplica)
        }
    }

    private func send(message data: [ByteBuffer], checksum: UInt32) async throws {
        let message = RPCMessage(segments: encoder.encode(data: data, seqNo: seqNo, checksum: checksum))
        seqNo &+= 1
        try await stallGuard.waiting { try await call.send(message) }
        taken.add(data.reduce(0) { $0 + $1.readableBytes })
    }
}
