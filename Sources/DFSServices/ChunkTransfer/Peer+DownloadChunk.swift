import DFSCore
import DFSWire
import RPC

extension Peer {
    /// Reads a chunk, or a part of one, from this chunk server.
    ///
    /// A Go server sends whole chunks whatever it is asked; then the bytes before the offset are thrown away, and the
    /// call is cancelled after the last byte wanted.
    ///
    /// - Parameter body: pulls the data; runs on the call's event loop and must not block.
    /// - Throws: ``DFSError``.
    package func downloadChunk<Result: Sendable>(
        _ request: ChunkDownloadRequest, settings: TransferSettings = TransferSettings(),
        _ body: @escaping @Sendable (ChunkDownload) async throws -> Result
    ) async throws(DFSError) -> Result {
        let (eventLoop, name) = (channel.executor.eventLoop, name)
        do {
            return try await channel.withCall(Methods.downloadChunk, CallOptions(metadata: request.metadata)) { call in
                let stallGuard = StallGuard(call: call, limit: settings.stallLimit, peer: name, eventLoop: eventLoop)
                defer { stallGuard.stop() }
                try await call.send(DownloadChunkRequest(chunkID: request.chunkID.text))
                call.finishSending()
                return try await body(ChunkDownload(call: call, request: request, stallGuard: stallGuard))
            }
        } catch {
            throw failure(error)
        }
    }
}
