/// Texts of a few to some thousand bytes, packed one behind the other and named by four bytes each.
///
/// A text takes its bytes and two for its length, rounded up to ``unit``. The room of a removed one is used again for
/// one that needs as much. Texts are compared by their bytes without being made into strings.
struct TextTable: Sendable {
    /// Names a text until it is removed.
    struct Handle: Hashable, Sendable {
        /// Where it begins, in units.
        fileprivate let rawValue: UInt32
    }

    private static let unit = 8
    private static let pageUnits = 1 << 15
    private static let headByteCount = 2

    /// Each of `pageUnits` units; the last one may be shorter.
    private var pages: [[UInt8]] = []
    /// Free places by the number of their units.
    private var unused: [Int: [Handle]] = [:]

    /// - Parameter text: at most 65,535 bytes of UTF-8.
    mutating func insert(_ text: String) -> Handle {
        let bytes = text.utf8
        precondition(bytes.count <= Int(UInt16.max), "a text of the metadata is never that long")
        let units = Self.units(for: bytes.count)
        let handle = unused[units]?.popLast() ?? extend(by: units)
        let (page, start) = position(handle)
        pages[page][start] = UInt8(truncatingIfNeeded: bytes.count)
        pages[page][start + 1] = UInt8(truncatingIfNeeded: bytes.count >> 8)
        let body = start + Self.headByteCount
        pages[page].replaceSubrange(body..<body + bytes.count, with: bytes)
        return handle
    }

    mutating func remove(_ handle: Handle) {
        unused[Self.units(for: length(handle)), default: []].append(handle)
    }

    subscript(handle: Handle) -> String {
        let (page, start) = position(handle)
        let body = start + Self.headByteCount
        return String(decoding: pages[page][body..<body + length(handle)], as: UTF8.self)
    }

    /// Puts the text's bytes behind those of `bytes`.
    func append(_ handle: Handle, to bytes: inout [UInt8]) {
        let (page, start) = position(handle)
        let body = start + Self.headByteCount
        bytes += pages[page][body..<body + length(handle)]
    }

    /// Below 0 where the text comes before `other` in the order of bytes, 0 where they are the same, else above.
    func compare(_ handle: Handle, _ other: Span<UInt8>) -> Int {
        let (page, start) = position(handle)
        let content = pages[page]
        let bytes = content.span
        let length = Int(bytes[start]) | Int(bytes[start + 1]) << 8
        let body = start + Self.headByteCount
        for at in 0..<min(length, other.count) {
            let (left, right) = (bytes[body + at], other[at])
            if left != right { return left < right ? -1 : 1 }
        }
        return length - other.count
    }

    private func length(_ handle: Handle) -> Int {
        let (page, start) = position(handle)
        return Int(pages[page][start]) | Int(pages[page][start + 1]) << 8
    }

    /// Takes room that was never used: in the last page where it fits, else in a new one.
    private mutating func extend(by units: Int) -> Handle {
        precondition(units <= Self.pageUnits, "a text fits a page")
        if pages.isEmpty || pages[pages.count - 1].count / Self.unit + units > Self.pageUnits {
            precondition(pages.count < Int(UInt32.max) / Self.pageUnits, "32 GiB of names are all that there can be")
            var page: [UInt8] = []
            page.reserveCapacity(Self.pageUnits * Self.unit)
            pages.append(page)
        }
        let start = pages[pages.count - 1].count / Self.unit
        pages[pages.count - 1].append(contentsOf: repeatElement(0, count: units * Self.unit))
        return Handle(rawValue: UInt32((pages.count - 1) * Self.pageUnits + start))
    }

    private func position(_ handle: Handle) -> (page: Int, byte: Int) {
        let place = Int(handle.rawValue)
        return (place / Self.pageUnits, place % Self.pageUnits * Self.unit)
    }

    private static func units(for byteCount: Int) -> Int { (byteCount + headByteCount + unit - 1) / unit }
}
