/// Names one chunk of one file, for ever: an id is never used again for other bytes.
///
/// The text is what travels on the wire and what a chunk server names the chunk's file: one safe path component of at
/// most ``maxByteCount`` bytes. Go clients order the chunks of a file by the integer after the last `_`, so an id that
/// a master makes ends in `_<index>`; an id adopted from a Go node's folder need not.
package struct ChunkID: ByteIdentity, CustomStringConvertible {
    /// The longest id, in UTF-8 bytes: the longest file name on Linux.
    package static let maxByteCount = 255

    package let text: String

    /// Checks bytes from the wire, a folder or a flag.
    ///
    /// - Throws: ``DFSError`` of code ``DFSError/Code/invalidArgument`` unless `text` is one safe path component: not
    ///   empty, not `.` or `..`, no `/`, no NUL or other control character, at most ``maxByteCount`` bytes, and not
    ///   the name `.dfs`, which a chunk server keeps for itself.
    package init(_ text: String) throws(DFSError) {
        if let fault = Self.fault(in: text) {
            throw DFSError(
                .invalidArgument,
                "chunk id \(quoted(text)) \(fault); an id must be one plain file name of at most \(Self.maxByteCount) bytes"
            )
        }
        self.text = text
    }

    /// An id that is safe by the way it was made.
    init(known text: String) { self.text = text }

    /// The index in its file: the decimal number after the last `_`, or `nil` where there is none.
    package var index: Int? {
        guard let underscore = text.utf8.lastIndex(of: UInt8(ascii: "_")) else { return nil }
        let digits = text.utf8[text.utf8.index(after: underscore)...]
        guard !digits.isEmpty, digits.count <= 10, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    package var description: String { text }

    private static func fault(in text: String) -> String? {
        if text.isEmpty { return "is empty" }
        if text.utf8.count > maxByteCount { return "has \(text.utf8.count) bytes" }
        if text == "." || text == ".." || text == ".dfs" { return "is a reserved name" }
        for byte in text.utf8 {
            if byte == UInt8(ascii: "/") { return "contains '/'" }
            if byte < 0x20 || byte == 0x7F { return "contains a control character" }
        }
        return nil
    }
}
