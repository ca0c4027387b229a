/// The name of a file in the cluster: a path of one or more parts joined by `/`, relative to the root.
///
/// Any UTF-8 goes, up to ``maxByteCount`` bytes, except what could not be told apart or would leave a folder: empty
/// parts, `.` and `..` parts, NUL.
package struct FileName: ByteIdentity, CustomStringConvertible {
    /// The longest name, in UTF-8 bytes.
    package static let maxByteCount = 4096

    package let text: String

    /// Checks a name from the wire or the command line.
    ///
    /// - Throws: ``DFSError`` of code ``DFSError/Code/invalidArgument`` that names the fault.
    package init(_ text: String) throws(DFSError) {
        if let fault = Self.fault(in: text) {
            throw DFSError(.invalidArgument, "file name \(quoted(text)) \(fault); choose another remote name")
        }
        self.text = text
    }

    /// A name that was checked when it was first taken.
    package init(known text: String) { self.text = text }

    /// The id of the chunk at `index`: readable, one safe path component, and unique by `fileID`.
    ///
    /// Bytes that are not letters, digits, `.` or `-` are written `%XX`; a long name is cut, since `fileID` alone makes
    /// the id unique. The shape is `<escaped name>.<fileID in 16 hex digits>_<index>`.
    package func chunkID(fileID: UInt64, index: Int) -> ChunkID {
        var escaped = ""
        for byte in text.utf8 {
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            let next = isPlain ? String(UnicodeScalar(byte)) : "%" + hex(UInt64(byte), digits: 2).uppercased()
            if escaped.utf8.count + next.utf8.count > Self.maxEscapedByteCount { break }
            escaped += next
        }
        let id = "\(escaped).\(hex(fileID, digits: 16))_\(index)"
        do {
            return try ChunkID(id)
        } catch {
            preconditionFailure("a chunk id made from a checked name is safe: \(error)")
        }
    }

    package var description: String { text }

    /// Leaves room for the file id, the index and their separators below ``ChunkID/maxByteCount``.
    private static let maxEscapedByteCount = 200

    private static func fault(in text: String) -> String? {
        if text.isEmpty { return "is empty" }
        if text.utf8.count > maxByteCount { return "has \(text.utf8.count) bytes, more than \(maxByteCount)" }
        if text.utf8.contains(0) { return "contains a NUL byte" }
        for part in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            if part.isEmpty { return "has an empty part (a '/' at an end, or two in a row)" }
            if part.elementsEqual(".".utf8) || part.elementsEqual("..".utf8) { return "has a '.' or '..' part" }
        }
        return nil
    }
}
