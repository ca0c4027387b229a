/// Up to eight bytes without memory of their own: the prefix of a message.
package struct ShortBytes: Sendable {
    /// In the order of the wire, as memory has them.
    let value: UInt64
    let count: UInt8

    package static let none = ShortBytes(value: 0, count: 0)

    private init(value: UInt64, count: UInt8) {
        self.value = value
        self.count = count
    }

    /// One byte, then four, big-endian.
    package init(_ first: UInt8, _ rest: UInt32) {
        self.init(value: (UInt64(first) << 56 | UInt64(rest) << 24).bigEndian, count: 5)
    }
}
