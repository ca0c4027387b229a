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

    /// The form's version, and the same for a file that was not written here: older versions read such a file again.
    private static let (written, adopted) = ("1", "1-adopted")

    /// `1 <length, decimal> <crc32c, 8 hex digits>`; `1-adopted` in the place of the 1 where the digest was only read off the file.
    static func text(of digest: ContentDigest, isAdopted: Bool = false) -> String {
        "\(isAdopted ? adopted : written) \(digest.length) \(hex(UInt64(digest.crc32c), digits: 8))"
    }

    /// Whether the digest in `text` was only read off the file.
    static func isAdopted(_ text: String) -> Bool { text.hasPrefix(adopted) }

    /// The digest in `text`, or `nil` for any other form: then the chunk is read to find its digest.
    static func digest(in text: String) -> ContentDigest? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == written || parts[0] == adopted, parts[2].utf8.count == 8 else { return nil }
        guard let length = Int64(parts[1]), length >= 0, let crc = UInt32(parts[2], radix: 16) else { return nil }
        return ContentDigest(length: length, crc32c: crc)
    }
}
