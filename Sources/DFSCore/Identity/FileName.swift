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
        var id: [UInt8] = []
        id.reserveCapacity(Self.maxEscapedByteCount + 32)
        for byte in text.utf8 {
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            if id.count + (isPlain ? 1 : 3) > Self.maxEscapedByteCount { break }
            if isPlain {
                id.append(byte)
            } else {
                id.append(UInt8(ascii: "%"))
                id.append(Self.upperDigits[Int(byte >> 4)])
                id.append(Self.upperDigits[Int(byte & 15)])
            }
        }
        id.append(UInt8(ascii: "."))
        for shift in stride(from: 60, through: 0, by: -4) { id.append(Self.lowerDigits[Int(fileID >> shift & 15)]) }
        id.append(UInt8(ascii: "_"))
        id += String(index).utf8
        return ChunkID(known: String(decoding: id, as: UTF8.self))
    }

    private static let lowerDigits = Array("0123456789abcdef".utf8)
    private static let upperDigits = Array("0123456789ABCDEF".utf8)

    package var description: String { text }

    /// Leaves room for the file id, the index and their separators below ``ChunkID/maxByteCount``.
    private static let maxEscapedByteCount = 200

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
