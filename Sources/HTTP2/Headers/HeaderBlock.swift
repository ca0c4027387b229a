import CNGHTTP2
import Glibc

/// The header fields of one HEADERS frame and its continuations, in order, in one flat buffer.
///
/// A unary call's headers are read by comparing bytes; no `String` is made for a field that nobody asks for.
///
/// - `@unchecked Sendable`: the memory is written only while nobody shares it.
package struct HeaderBlock: @unchecked Sendable, Equatable {
    fileprivate struct Field: Equatable {
        let start: Int32
        let nameCount: Int32
        let valueCount: Int32
    }

    fileprivate struct Contents {
        var bytes: [UInt8] = []
        var fields: [Field] = []
        var isTruncated = false
        /// The fields in the library's form, in memory that is never freed.
        var permanent: UnsafeMutableBufferPointer<nghttp2_nv>?
    }

    /// One reference for all of it: a call passes several blocks through many hands.
    private var memory: ManagedBuffer<Contents, Void>

    package init() { memory = Self.empty }

    /// Shared by all blocks without fields, never written.
    private nonisolated(unsafe) static let empty = makeMemory(Contents())

    package init(_ pairs: [(String, String)]) {
        self.init()
        for (name, value) in pairs { append(name, value) }
    }

    /// Room for the headers of a usual call, so that they are taken without growing.
    static func receiving() -> HeaderBlock {
        var block = HeaderBlock()
        block.makeUnique()
        block.withContents {
            $0.bytes.reserveCapacity(256)
            $0.fields.reserveCapacity(12)
        }
        return block
    }

    /// A block that lasts as long as the process, for the headers of most answers: the library refers to its fields, where it
    /// copies and lower-cases those of other blocks. Copies of it are blocks like others once they are changed.
    package static func permanent(_ pairs: [(String, String)]) -> HeaderBlock {
        let block = HeaderBlock(pairs)
        block.withContents { $0.permanent = permanentFields($0) }
        return block
    }

    private static func permanentFields(_ contents: Contents) -> UnsafeMutableBufferPointer<nghttp2_nv> {
        let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: contents.bytes.count)
        _ = bytes.initialize(from: contents.bytes)
        let flags = NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue
        let list = UnsafeMutableBufferPointer<nghttp2_nv>.allocate(capacity: contents.fields.count)
        for (index, field) in contents.fields.enumerated() {
            let name = bytes.baseAddress?.advanced(by: Int(field.start))
            list.initializeElement(
                at: index,
                to: nghttp2_nv(
                    name: name, value: name?.advanced(by: Int(field.nameCount)), namelen: Int(field.nameCount),
                    valuelen: Int(field.valueCount), flags: UInt8(flags)))
        }
        return list
    }

    /// Of a ``permanent(_:)`` block that was not changed.
    var permanentFields: UnsafeMutableBufferPointer<nghttp2_nv>? { withContents { $0.permanent } }

    private static func makeMemory(_ contents: Contents) -> ManagedBuffer<Contents, Void> {
        .create(minimumCapacity: 0) { _ in contents }
    }

    /// Not `memory.header`, which is checked for exclusive access at run time.
    private func withContents<R>(_ body: (inout Contents) throws -> R) rethrows -> R {
        try memory.withUnsafeMutablePointerToHeader { try body(&$0.pointee) }
    }

    private var bytes: [UInt8] { withContents { $0.bytes } }
    private var fields: [Field] { withContents { $0.fields } }

    private mutating func makeUnique() {
        if !isKnownUniquelyReferenced(&memory) { memory = Self.makeMemory(withContents { $0 }) }
        withContents { $0.permanent = nil }
    }

    package static func == (left: HeaderBlock, right: HeaderBlock) -> Bool {
        left.isSame(as: right)
            || left.bytes == right.bytes && left.fields == right.fields && left.isTruncated == right.isTruncated
    }

    /// The peer sent more than the session's header list limit; what exceeded it is not here.
    package internal(set) var isTruncated: Bool {
        get { withContents { $0.isTruncated } }
        set {
            makeUnique()
            withContents { $0.isTruncated = newValue }
        }
    }

    package var count: Int { withContents { $0.fields.count } }

    /// Whether both are one block, not merely equal ones.
    package func isSame(as other: HeaderBlock) -> Bool { memory === other.memory }

    /// Whether the field at `index` is this one.
    func isField(at index: Int, name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) -> Bool {
        withContents { contents in
            let field = contents.fields[index]
            guard Int(field.nameCount) == name.count, Int(field.valueCount) == value.count else { return false }
            guard let nameStart = name.baseAddress, let valueStart = value.baseAddress else { return false }
            return contents.bytes.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress?.advanced(by: Int(field.start)) else { return false }
                return memcmp(start, nameStart, name.count) == 0
                    && memcmp(start.advanced(by: name.count), valueStart, value.count) == 0
            }
        }
    }

    /// The first `count` fields, in memory of their own.
    func prefix(_ count: Int) -> HeaderBlock {
        let block = HeaderBlock.receiving()
        let kept = fields.prefix(count)
        let byteCount = kept.last.map { Int($0.start + $0.nameCount + $0.valueCount) } ?? 0
        block.withContents {
            $0.bytes.append(contentsOf: bytes.prefix(byteCount))
            $0.fields.append(contentsOf: kept)
        }
        return block
    }

    /// The size by which SETTINGS_MAX_HEADER_LIST_SIZE counts (RFC 9113 §6.5.2).
    package var listSize: Int { withContents { $0.bytes.count + 32 * $0.fields.count } }

    /// Adds a field. `name` must be lower case (RFC 9113 §8.2).
    package mutating func append(_ name: String, _ value: String) {
        append(name: name.utf8, value: value.utf8)
    }

    mutating func append(name: some Collection<UInt8>, value: some Collection<UInt8>) {
        makeUnique()
        withContents { contents in
            contents.fields.append(
                Field(
                    start: Int32(contents.bytes.count), nameCount: Int32(name.count), valueCount: Int32(value.count)))
            contents.bytes.append(contentsOf: name)
            contents.bytes.append(contentsOf: value)
        }
    }

    package func nameBytes(at index: Int) -> ArraySlice<UInt8> {
        let field = fields[index]
        return bytes[Int(field.start)..<Int(field.start + field.nameCount)]
    }

    package func valueBytes(at index: Int) -> ArraySlice<UInt8> {
        let field = fields[index]
        let start = Int(field.start + field.nameCount)
        return bytes[start..<start + Int(field.valueCount)]
    }

    /// The name as text; bytes that are not UTF-8 are replaced.
    package func name(at index: Int) -> String { String(decoding: nameBytes(at: index), as: UTF8.self) }

    /// The value as text; bytes that are not UTF-8 are replaced.
    package func value(at index: Int) -> String { String(decoding: valueBytes(at: index), as: UTF8.self) }

    /// The value bytes of the first field called `name`, or `nil`.
    package func firstBytes(_ name: String) -> ArraySlice<UInt8>? {
        for index in fields.indices where nameBytes(at: index).elementsEqual(name.utf8) { return valueBytes(at: index) }
        return nil
    }

    /// The first value of `name` as text, or `nil`.
    package func first(_ name: String) -> String? {
        firstBytes(name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Lends the fields' bytes for the length of `body`.
    package func withFields<R>(_ body: (LentFields) throws -> R) rethrows -> R {
        try withContents { contents in
            try contents.fields.withUnsafeBufferPointer { fields in
                try contents.bytes.withUnsafeBytes { try body(LentFields(bytes: $0, fields: fields)) }
            }
        }
    }

    /// The fields of a block where they lie in memory.
    package struct LentFields {
        fileprivate let bytes: UnsafeRawBufferPointer
        fileprivate let fields: UnsafeBufferPointer<Field>

        package var count: Int { fields.count }

        package subscript(index: Int) -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
            let field = fields[index]
            let (start, middle) = (Int(field.start), Int(field.start + field.nameCount))
            return (
                UnsafeRawBufferPointer(rebasing: bytes[start..<middle]),
                UnsafeRawBufferPointer(rebasing: bytes[middle..<middle + Int(field.valueCount)])
            )
        }
    }
}
