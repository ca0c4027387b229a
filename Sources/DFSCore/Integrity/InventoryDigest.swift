/// Tells whether two nodes mean the same set of chunks, for a constant amount of work a change: the sum, modulo 2^128, of a keyed
/// 128-bit hash of each id.
///
/// The order in which ids come and go does not matter. Two different sets have the same digest with a chance of 2^-128 a
/// comparison, as long as the key is random and ids are not made by somebody who knows it: a sum of CRCs or of an unkeyed
/// hash would have sets that are always mistaken for each other, and a sum of 64 bits would be wrong once in some hundred
/// years of a very large cluster. A key is drawn for each full report, so that a mistake, too, would end with it.
package struct InventoryDigest: Sendable, Equatable {
    /// What the hashes of one session are made with.
    package struct Key: Sendable, Equatable {
        package let low: UInt64
        package let high: UInt64

        package init(low: UInt64, high: UInt64) {
            self.low = low
            self.high = high
        }
    }

    package let key: Key
    /// Low and high half of the sum.
    package private(set) var low: UInt64 = 0
    package private(set) var high: UInt64 = 0
    /// How many ids are in the set.
    package private(set) var count: UInt64 = 0

    /// Of the empty set.
    package init(key: Key) { self.key = key }

    /// As a peer told it.
    package init(key: Key, low: UInt64, high: UInt64, count: UInt64) {
        self.key = key
        self.low = low
        self.high = high
        self.count = count
    }

    /// Adds an id that is not in the set.
    package mutating func insert(_ id: ChunkID) {
        let hash = hash(of: id)
        let (sum, carry) = low.addingReportingOverflow(hash.low)
        low = sum
        high = high &+ hash.high &+ (carry ? 1 : 0)
        count &+= 1
    }

    /// Takes an id out that is in the set.
    package mutating func remove(_ id: ChunkID) {
        let hash = hash(of: id)
        let (difference, borrow) = low.subtractingReportingOverflow(hash.low)
        low = difference
        high = high &- hash.high &- (borrow ? 1 : 0)
        count &-= 1
    }

    private func hash(of id: ChunkID) -> (low: UInt64, high: UInt64) {
        var text = id.text
        return text.withUTF8 { SipHash(keyLow: key.low, keyHigh: key.high).hash($0) }
    }
}
