import DFSCore

/// What one of our chunk servers says in each heartbeat in the place of a whole list: a part of a full report, or what has changed
/// since.
package struct InventoryReport: Sendable {
    /// A chunk that has a file on the server.
    package struct Held: Sendable {
        package let id: ChunkID
        /// What the file holds; `nil` until the server has read it.
        package let digest: Digest?
        /// Whether the server did not write the file: the digest is what reading it has found.
        package let isAdopted: Bool

        package init(id: ChunkID, digest: Digest?, isAdopted: Bool = false) {
            self.id = id
            self.digest = digest
            self.isAdopted = isAdopted
        }
    }

    package let address: ServerAddress
    package let nodeID: String
    package let connection: ConnectionToken
    package let freeBytes: UInt64
    /// With the first part of a full report: the key of its digest.
    package var key: InventoryDigest.Key?
    /// Not told of before.
    package var added: [Held] = []
    /// Told of before; more is known of them.
    package var changed: [Held] = []
    /// Told of before, and held no longer.
    package var removed: [ChunkID] = []
    /// The sum and number of all that is told now; `nil` while a full report goes on.
    package var sum: Sum?

    /// A digest without its key, which the session has.
    package struct Sum: Sendable, Equatable {
        package let low: UInt64
        package let high: UInt64
        package let count: UInt64

        package init(low: UInt64, high: UInt64, count: UInt64) {
            self.low = low
            self.high = high
            self.count = count
        }

        package init(_ digest: InventoryDigest) {
            self.init(low: digest.low, high: digest.high, count: digest.count)
        }
    }

    package init(address: ServerAddress, nodeID: String, connection: ConnectionToken, freeBytes: UInt64) {
        self.address = address
        self.nodeID = nodeID
        self.connection = connection
        self.freeBytes = freeBytes
    }
}
