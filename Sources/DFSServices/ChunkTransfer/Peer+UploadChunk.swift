import DFSCore
import RPC

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
}
