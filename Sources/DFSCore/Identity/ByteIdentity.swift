/// Text that is told apart by its bytes.
///
/// Swift's `String` takes texts that look alike for equal (`é` as one scalar or as two), while file systems and Go nodes do
/// not: two chunks in one folder could become one entry of a dictionary, and one file's bytes be served as the other's.
package protocol ByteIdentity: Hashable, Comparable, Sendable {
    var text: String { get }
}

extension ByteIdentity {
    package static func == (left: Self, right: Self) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    /// By bytes, so the order is the same on every machine.
    package static func < (left: Self, right: Self) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
