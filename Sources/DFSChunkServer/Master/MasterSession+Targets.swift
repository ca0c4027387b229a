import DFSCore
import DFSServices
import DFSWire
import Logging
import RPC

// Go clients do not say where else their chunks belong; a Swift master knows.
extension MasterSession {
    /// The upload waits for the answer before its first byte is taken.
    private static let targetsLimit = Duration.seconds(1)

    /// Where an upload is to be forwarded that names no chain. Empty where nobody can tell in time: then the chunk is
    /// kept here alone, as under a Go master, and the master has it copied when its file is complete.
    func uploadTargets(of id: ChunkID) async -> [ServerAddress] {
        guard state.withLock({ $0.kind })?.isSwift == true else { return [] }
        do {
            let response: UploadTargetsResponse = try await peer.unary(
                Methods.uploadTargets, UploadTargetsRequest(serverAddress: address, chunkID: id.text),
                options: CallOptions(timeout: Self.targetsLimit))
            var servers: [ServerAddress] = []
            for text in response.servers.prefix(UploadChain.maxCount - 1) { servers.append(try ServerAddress(text)) }
            return servers
        } catch {
            logger.debug(
                "the master does not say where a chunk belongs", metadata: ["chunk": "\(id)", "error": "\(error)"])
            return []
        }
    }
}
