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

    /// The id of the chunk at `index`; as ``ChunkIDs`` makes it.
    package func chunkID(fileID: UInt64, index: Int) -> ChunkID {
        ChunkIDs(path: Array(text.utf8), fileID: fileID)[index]
    }

    package var description: String { text }

    private static func fault(in text: String) -> String? {
        if text.isEmpty { return "is empty" }
        if text.utf8.count > maxByteCount { return "has \(text.utf8.count) bytes, more than \(maxByteCount)" }
        // One pass: names are checked with every call and, all of them, at every start.
        var (length, dots) = (0, 0)
        for byte in text.utf8 {
            switch byte {
            case 0: return "contains a NUL byte"
            case UInt8(ascii: "/"):
                if let fault = faultOfPart(length, dots) { return fault }
                (length, dots) = (0, 0)
            default:
                length += 1
                if byte == UInt8(ascii: ".") { dots += 1 }
            }
        }
        return faultOfPart(length, dots)
    }

    private static func faultOfPart(_ length: Int, _ dots: Int) -> String? {
        if length == 0 { return "has an empty part (a '/' at an end, or two in a row)" }
        if length == dots, length <= 2 { return "has a '.' or '..' part" }
        return nil
    }
}
