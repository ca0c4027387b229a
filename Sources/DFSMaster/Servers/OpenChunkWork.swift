import DFSCore
import DFSMetadata
import DFSServices
import DFSWire
import Logging
import RPC

/// What the master asks of the servers of an open chunk: to take nothing for an old version, and to seal it.
struct OpenChunkWork: Sendable {
    let peers: PeerPool
    let logger: Logger

    /// A server that lets wait for longer counts as away; the recovery goes on without it.
    private static let fenceLimit = Duration.seconds(5)
    /// It reads, sums and syncs the whole chunk.
    private static let sealLimit = Duration.seconds(60)

    /// `nil` where the server could not be asked.
    func fence(_ chunk: OpenVersion, at address: ServerAddress) async -> FenceAnswer? {
        do {
            let request = FenceRequest(chunk: OpenChunkVersion(chunk))
            let response: FenceResponse = try await call(Methods.fence, request, at: address, for: Self.fenceLimit)
            return FenceAnswer(hasChunk: response.hasChunk, length: response.length, isSealed: response.isSealed)
        } catch {
            note("cannot fence an open chunk", chunk, address, error)
            return nil
        }
    }

    /// CRC-32C of the sealed bytes; `nil` where that failed.
    func seal(_ chunk: OpenVersion, length: UInt64, at address: ServerAddress) async -> UInt32? {
        do {
            let request = SealRequest(chunk: OpenChunkVersion(chunk), length: length)
            let response: SealResponse = try await call(Methods.seal, request, at: address, for: Self.sealLimit)
            return response.crc32c
        } catch {
            note("cannot seal an open chunk", chunk, address, error)
            return nil
        }
    }

    private func call<Request: WireMessage, Response: WireMessage>(
        _ method: MethodPath, _ request: Request, at address: ServerAddress, for limit: Duration
    ) async throws -> Response {
        try await peers.withPeer(address) { peer in
            try await peer.unary(method, request, as: Response.self, options: CallOptions(timeout: limit))
        }
    }

    private func note(_ what: Logger.Message, _ chunk: OpenVersion, _ address: ServerAddress, _ error: any Error) {
        logger.warning(
            what,
            metadata: [
                "chunk": "\(chunk.chunk)", "version": "\(chunk.version)", "server": "\(address)", "error": "\(error)",
            ])
    }
}

extension OpenChunkVersion {
    fileprivate init(_ chunk: OpenVersion) { self.init(chunkID: chunk.chunk.text, version: chunk.version) }
}
