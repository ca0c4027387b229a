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

    /// Within so many seeds, from the first on, each must be found.
    package var seedLimit: Int {
        switch self {
        case .skipSync, .deleteBeforeCopy, .acceptExpiredLease: 50
        case .trustStaleVersion: 200
        }
    }
}
