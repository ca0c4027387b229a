import DFSCore

/// Tells whether a server's list is the same as the one before, in any order, for a fraction of the cost of looking every
/// chunk up. Two lists that differ have the same fingerprint with a chance of 1 in 2^64: the hash is seeded anew in each
/// process.
struct ListFingerprint: Equatable, Sendable {
    private let count: Int
    private let sum: Int

    init(_ chunks: [ChunkID]) {
        count = chunks.count
        sum = chunks.reduce(0) { $0 &+ $1.hashValue }
    }
}
