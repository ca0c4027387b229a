import DFSCore
import DFSWire
import NIOCore
import RPC

/// What a server's OK to an upload is worth.
package enum ChunkAcknowledgement: Sendable, Equatable {
    /// A Swift server: the whole chunk is on disk under its name, checked, and the master knows.
    case durable
    /// A Go server: it has synced the file that it wrote, and checked nothing.
    case syncedUnverified
}

/// What the sender of a chunk knows of it before it sends.
package struct ChunkUploadRequest: Sendable {
    package var chunkID: ChunkID
    /// In bytes. A Swift server refuses a stream of another length.
    package var length: Int?
    /// Of the whole chunk. A Swift server refuses a stream with another checksum.
    package var crc32c: UInt32?

    package init(chunkID: ChunkID, length: Int? = nil, crc32c: UInt32? = nil) {
        self.chunkID = chunkID
        self.length = length
        self.crc32c = crc32c
    }

    var metadata: Metadata {
        var metadata = Metadata()
        if let length { metadata.add(CallMetadata.length, number: length) }
        if let crc32c { metadata.add(CallMetadata.crc32c, number: crc32c) }
        return metadata
    }
}

/// One UploadChunk call under way: what the sender pushes its data into. Used on the call's event loop, by one task.
package final class ChunkUpload {
    private let call: ClientCall
    private let encoder: ChunkDataEncoder
    private let kind: PeerKind
    private let maxDataSize: Int
    private let stallGuard: StallGuard
    private var seqNo: Int32 = 0

    init(call: ClientCall, chunkID: ChunkID, kind: PeerKind, settings: TransferSettings, stallGuard: StallGuard) {
        self.call = call
        self.encoder = ChunkDataEncoder(chunkID: chunkID.text)
        self.kind = kind
        self.maxDataSize = kind.isSwift ? settings.swiftDataSize : ClusterDefaults.goDataSize
        self.stallGuard = stallGuard
    }

    /// Sends the next bytes of the chunk, without copying them, and waits while the server takes nothing.
    ///
    /// - Parameter crc32c: of `data`, where the caller has it; it travels along if `data` fits one message.
    package func send(_ data: ByteBuffer, crc32c: UInt32? = nil) async throws {
        var rest = data
        let isWhole = rest.readableBytes <= maxDataSize
        while let slice = rest.readSlice(length: min(rest.readableBytes, maxDataSize)), slice.readableBytes > 0 {
            // Go nodes always send 0 and were never seen with anything else.
            try await send(message: slice, checksum: isWhole && kind.isSwift ? crc32c ?? 0 : 0)
        }
    }

    /// Ends the stream and waits for the acknowledgement and for the status behind it: a Go server syncs in between.
    func finish() async throws {
        // A Go server takes a stream without any message for an error.
        if seqNo == 0 { try await send(message: ByteBuffer(), checksum: 0) }
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

    private func send(message data: ByteBuffer, checksum: UInt32) async throws {
        let message = RPCMessage(segments: encoder.encode(data: data, seqNo: seqNo, checksum: checksum))
        seqNo &+= 1
        try await stallGuard.waiting { try await call.send(message) }
    }
}

extension Peer {
    /// Sends a chunk to this chunk server.
    ///
    /// - Parameter body: pushes all the data, in order; runs on the call's event loop and must not block.
    /// - Returns: once the server has acknowledged the whole chunk: what that is worth.
    /// - Throws: ``DFSError``; then the server holds nothing of it, or (a Go server) a part that it takes for a chunk.
    package func uploadChunk(
        _ request: ChunkUploadRequest, settings: TransferSettings = TransferSettings(),
        _ body: @escaping @Sendable (ChunkUpload) async throws -> Void
    ) async throws(DFSError) -> ChunkAcknowledgement {
        let kind = try await kind()
        let (eventLoop, name) = (channel.executor.eventLoop, name)
        do {
            try await channel.withCall(Methods.uploadChunk, CallOptions(metadata: request.metadata)) { call in
                let sending = StallGuard(call: call, limit: settings.stallLimit, peer: name, eventLoop: eventLoop)
                defer { sending.stop() }
                let upload = ChunkUpload(
                    call: call, chunkID: request.chunkID, kind: kind, settings: settings, stallGuard: sending)
                try await body(upload)
                let answering = StallGuard(
                    call: call, limit: settings.acknowledgementLimit, peer: name, eventLoop: eventLoop)
                defer { answering.stop() }
                try await answering.waiting { try await upload.finish() }
            }
            return kind.isSwift ? .durable : .syncedUnverified
        } catch {
            throw failure(error)
        }
    }

    /// What an error of a call to this peer means; after a lost connection the kind is asked anew.
    func failure(_ error: any Error) -> DFSError {
        let error = DFSError(error, from: name)
        if error.code == .unavailable { forgetKind() }
        return error
    }
}
