import DFSCore

/// Tells one chunk's bytes from other bytes: how many, and their CRC-32C.
package struct ContentDigest: Hashable, Sendable, CustomStringConvertible {
    /// Bytes.
    package let length: Int64
    /// Of all the bytes.
    package let crc32c: UInt32

    package init(length: Int64, crc32c: UInt32) {
        self.length = length
        self.crc32c = crc32c
    }

    package var description: String { "\(length) bytes, CRC-32C \(hex(UInt64(crc32c), digits: 8))" }
}

/// A digest's text form in the extended attribute beside a chunk's file; the byte table is in `docs/formats/`.
enum DigestAttribute {
    static let name = "user.dfs.crc32c"

    /// `1 <length, decimal> <crc32c, 8 hex digits>`; the leading 1 is the form's version.
    static func text(of digest: ContentDigest) -> String {
        "1 \(digest.length) \(hex(UInt64(digest.crc32c), digits: 8))"
    }

    /// The digest in `text`, or `nil` for any other form: then the chunk is read to find its digest.
    static func digest(in text: String) -> ContentDigest? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "1", parts[2].utf8.count == 8 else { return nil }
        guard let length = Int64(parts[1]), length >= 0, let crc = UInt32(parts[2], radix: 16) else { return nil }
        return ContentDigest(length: length, crc32c: crc)
    }
}
