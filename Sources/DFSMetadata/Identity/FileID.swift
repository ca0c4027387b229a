import DFSCore

/// Names a file for ever, unlike its name, which another file can take once the first is gone.
///
/// Given when the upload begins, and contained in the ids of the file's chunks: the second since 1970 in the upper 34 bits, a
/// number in the lower 30. Ids go up with time, so that what is made together lies together in the store; the number begins at
/// random, so that no id is given out again after a restore from an older backup.
package struct FileID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The least id of a second.
    static func first(of second: UInt64) -> FileID { FileID(rawValue: second << numberBits) }

    /// Whether it is the least one of its second.
    var isFirstOfSecond: Bool { self == .first(of: second) }

    /// Seconds that fit into an id are below this.
    static var secondLimit: UInt64 { UInt64.max >> numberBits }

    /// When its upload began, in seconds since 1970.
    package var second: UInt64 { rawValue >> Self.numberBits }

    /// Reads the text that a client sends back as `upload_id`; `nil` where no master made it.
    package init?(uploadID: String) {
        guard uploadID.utf8.count == Self.digits, let value = UInt64(uploadID, radix: 16) else { return nil }
        self.init(rawValue: value)
    }

    /// Reads the file id out of a chunk id of the shape `<name>.<16 hex digits>_<index>`; `nil` for any other shape.
    package init?(in chunk: ChunkID) {
        let bytes = chunk.text.utf8
        guard let underscore = bytes.lastIndex(of: UInt8(ascii: "_")),
            let start = bytes.index(underscore, offsetBy: -Self.digits - 1, limitedBy: bytes.startIndex),
            bytes[start] == UInt8(ascii: ".")
        else { return nil }
        self.init(uploadID: String(chunk.text[bytes.index(after: start)..<underscore]))
    }

    /// What a client sends back to name its upload.
    package var uploadID: String { hex(rawValue, digits: Self.digits) }

    package var description: String { uploadID }

    package static func < (left: FileID, right: FileID) -> Bool { left.rawValue < right.rawValue }

    private static let digits = 16
    private static let numberBits: UInt64 = 30
}
