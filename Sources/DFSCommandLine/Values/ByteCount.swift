import DFSCore

/// A size given by a person, in bytes.
///
/// All units are powers of two, as the Go original writes "64 MB" for 64 MiB: `KB` and `KiB` are 1024 bytes, `MB` and
/// `MiB` 1024 of those, `GB` and `GiB` 1024 of those. A plain number, or one with `B`, is bytes. Case does not matter and
/// a space may stand before the unit.
package struct ByteCount: Hashable, Sendable, Comparable, CustomStringConvertible, FlagValue {
    package static let placeholder = "size"

    /// Never negative.
    package let bytes: Int

    /// - Precondition: `bytes` is not negative.
    package init(bytes: Int) {
        precondition(bytes >= 0, "a size is never negative")
        self.bytes = bytes
    }

    package init(flag text: String) throws(DFSError) {
        let digits = text.utf8.prefix { (0x30...0x39).contains($0) }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        guard let number = Int(String(text.prefix(digits.count))), let shift = Self.shifts[unit],
            number <= Int.max >> shift
        else {
            throw DFSError(
                .invalidArgument,
                "\(quoted(text)) is not a size; write bytes or KB, MB, GB (powers of two), such as 64MB")
        }
        bytes = number << shift
    }

    private static let shifts = [
        "": 0, "b": 0, "kb": 10, "kib": 10, "mb": 20, "mib": 20, "gb": 30, "gib": 30,
    ]

    /// The shortest exact form that ``init(flag:)`` reads back.
    package var description: String {
        for (unit, shift) in [("GB", 30), ("MB", 20), ("KB", 10)] where bytes > 0 && bytes & (1 << shift - 1) == 0 {
            return "\(bytes >> shift)\(unit)"
        }
        return "\(bytes)"
    }

    /// What the help text shows as the default.
    public var defaultValueDescription: String { description }

    package static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}
