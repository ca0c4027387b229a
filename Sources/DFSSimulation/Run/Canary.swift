import DFSCore
import DFSMetadata

/// A known bug that a run can be given, to show that the checks find it. Only the simulation has these: each is something
/// around the product's code, or in the place of a call to it.
package enum Canary: String, CaseIterable, Sendable {
    /// The disks of chunk servers ignore every sync.
    case skipSync = "skip-sync"
    /// A server that is fenced goes on to take bytes for the old version until it is told to seal.
    case trustStaleVersion = "trust-stale-version"
    /// A server that is to copy a chunk deletes its own copy before the other one has come.
    case deleteBeforeCopy = "delete-before-copy"
    /// A primary acknowledges, and is read, by a lease that has run out.
    case acceptExpiredLease = "accept-expired-lease"
    /// The master names all chunks of a file but the last one.
    case dropLastChunk = "drop-last-chunk"
    /// The master names all replicas of a chunk but one.
    case forgetReplica = "forget-replica"

    /// Within so many seeds, from the first on, each must be found.
    package var seedLimit: Int {
        switch self {
        case .skipSync, .deleteBeforeCopy, .acceptExpiredLease: 50
        case .dropLastChunk, .forgetReplica: 5
        case .trustStaleVersion: 200
        }
    }
}

// What readers make of an answer, with the bugs that a run has.
extension Simulation {
    /// The chunks of a file, as the master names them.
    func chunks(of file: OpenedFile) -> ArraySlice<LocatedChunk> {
        canary == .dropLastChunk ? file.chunks.dropLast() : file.chunks[...]
    }

    /// The servers of a chunk, as the master names them.
    func servers(of chunk: LocatedChunk) -> ArraySlice<ServerAddress> {
        canary == .forgetReplica ? chunk.servers.dropLast() : chunk.servers[...]
    }
}
