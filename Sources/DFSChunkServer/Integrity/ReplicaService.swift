import DFSChunkStore
import DFSCore
import DFSServices
import DFSWire
import RPC

/// Answers Check: the master wants to know whether a copy is what it should be.
struct ReplicaService: Sendable {
    let suspicions: Suspicions

    func add(to routes: inout ServiceRoutes) {
        let suspicions = suspicions
        routes.unary(Methods.checkReplica) { (request: CheckReplicaRequest, _) in
            let id = try ChunkID(request.chunkID)
            switch try await suspicions.finding(of: id) {
            case .sound(let digest, _), .digestFound(let digest, _):
                return CheckReplicaResponse(
                    digest: ChunkDigest(chunkID: id.text, length: UInt64(digest.length), crc32c: digest.crc32c),
                    isSound: true)
            case .damaged: return CheckReplicaResponse(digest: ChunkDigest(chunkID: id.text), isSound: false)
            case .gone: throw DFSError(.notFound, "no chunk \(id) here", advice: .tryOtherReplica)
            }
        }
    }
}
