import CISAL

/// A running CRC-32C (Castagnoli, RFC 3720 appendix B.4), by ISA-L.
package struct CRC32C: Sendable, Equatable {
    /// The state before the final inversion.
    private var register: UInt32 = ~0

    package init() {}

    /// The checksum of everything given so far; of nothing it is 0.
    package var value: UInt32 { ~register }

    /// Takes the next bytes. `bytes` is read only during the call.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        // ISA-L takes a 32-bit length and, by an oversight of its header, a mutable pointer that it only reads.
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
            guard let base = piece.baseAddress else { return }
            let start = UnsafeMutablePointer(mutating: base.assumingMemoryBound(to: UInt8.self))
            register = crc32_iscsi(start, Int32(piece.count), register)
            rest = rest.dropFirst(piece.count)
        }
    }

    /// The checksum of `bytes`.
    package static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var crc = CRC32C()
        let array = Array(bytes)
        array.withUnsafeBytes { crc.update($0) }
        return crc.value
    }
}
