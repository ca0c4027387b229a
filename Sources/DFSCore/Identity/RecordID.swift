/// Tells one record that is appended to a file from all others: 128 bits, drawn by the client that appends it.
///
/// A record that is sent again, because nobody knows what became of it, keeps its id.
package struct RecordID: Hashable, Sendable {
    /// Bytes of an id on the wire and in records.
    package static let byteCount = 16

    /// The first eight bytes, big endian.
    package let high: UInt64
    /// The last eight bytes, big endian.
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A new one.
    package static func random() -> RecordID {
        RecordID(high: .random(in: 0 ... .max), low: .random(in: 0 ... .max))
    }
}
