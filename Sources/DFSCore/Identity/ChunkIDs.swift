/// Makes the ids of a file's chunks: readable, one safe path component, and unique by the file's id.
///
/// Bytes of the path that are not letters, digits, `.` or `-` are written `%XX`; a long path is cut, since the file id alone
/// makes the id unique. The shape is `<escaped path>.<file id in 16 hex digits>_<index>`.
package struct ChunkIDs: Sendable {
    /// Leaves room for the file id, the index and their separators below ``ChunkID/maxByteCount``.
    private static let maxEscapedByteCount = 200
    private static let lowerDigits = Array("0123456789abcdef".utf8)
    private static let upperDigits = Array("0123456789ABCDEF".utf8)

    /// All but the index.
    private var text: [UInt8] = []

    /// - Parameter path: the UTF-8 of a ``FileName``; an array, since a generic parameter costs a call a byte from other modules.
    package init(path: [UInt8], fileID: UInt64) {
        text.reserveCapacity(min(path.count, Self.maxEscapedByteCount) + 32)
        for byte in path {
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            if text.count + (isPlain ? 1 : 3) > Self.maxEscapedByteCount { break }
            if isPlain {
                text.append(byte)
            } else {
                text.append(UInt8(ascii: "%"))
                text.append(Self.upperDigits[Int(byte >> 4)])
                text.append(Self.upperDigits[Int(byte & 15)])
            }
        }
        text.append(UInt8(ascii: "."))
        for shift in stride(from: 60, through: 0, by: -4) { text.append(Self.lowerDigits[Int(fileID >> shift & 15)]) }
        text.append(UInt8(ascii: "_"))
    }

    /// The id of the chunk at `index`.
    package subscript(index: Int) -> ChunkID {
        var id = text
        id += String(index).utf8
        return ChunkID(known: String(decoding: id, as: UTF8.self))
    }
}
