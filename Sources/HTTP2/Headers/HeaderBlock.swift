import Glibc

/// The header fields of one HEADERS frame and its continuations, in order, in one flat buffer.
///
/// A unary call's headers are read by comparing bytes; no `String` is made for a field that nobody asks for.
package struct HeaderBlock: Sendable, Equatable {
    fileprivate struct Field: Equatable {
        let start: Int32
        let nameCount: Int32
        let valueCount: Int32
    }

    private var bytes: [UInt8] = []
    private var fields: [Field] = []

    /// The peer sent more than the session's header list limit; what exceeded it is not here.
    package internal(set) var isTruncated = false

    package init() {}

    /// Room for the headers of a usual call, so that they are taken without growing.
    static func receiving() -> HeaderBlock {
        var block = HeaderBlock()
        block.bytes.reserveCapacity(256)
        block.fields.reserveCapacity(12)
        return block
    }

    package init(_ pairs: [(String, String)]) {
        for (name, value) in pairs { append(name, value) }
    }

    package var count: Int { fields.count }

    /// Whether both are one block that was received: cheap, and false for most that are merely equal.
    package func isSame(as other: HeaderBlock) -> Bool {
        bytes.withUnsafeBufferPointer { mine in
            other.bytes.withUnsafeBufferPointer { mine.baseAddress == $0.baseAddress && mine.count == $0.count }
        } && fields.count == other.fields.count && !fields.isEmpty && isTruncated == other.isTruncated
    }

    /// Whether the field at `index` is this one.
    func isField(at index: Int, name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>) -> Bool {
        let field = fields[index]
        guard Int(field.nameCount) == name.count, Int(field.valueCount) == value.count else { return false }
        guard let nameStart = name.baseAddress, let valueStart = value.baseAddress else { return false }
        return bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress?.advanced(by: Int(field.start)) else { return false }
            return memcmp(start, nameStart, name.count) == 0
                && memcmp(start.advanced(by: name.count), valueStart, value.count) == 0
        }
    }

    /// The first `count` fields, in memory of their own.
    func prefix(_ count: Int) -> HeaderBlock {
        var block = HeaderBlock.receiving()
        for field in fields.prefix(count) {
            let end = Int(field.start + field.nameCount + field.valueCount)
            block.bytes.append(contentsOf: bytes[Int(field.start)..<end])
            block.fields.append(field)
        }
        return block
    }

    /// The size by which SETTINGS_MAX_HEADER_LIST_SIZE counts (RFC 9113 §6.5.2).
    package var listSize: Int { bytes.count + 32 * fields.count }

    /// Adds a field. `name` must be lower case (RFC 9113 §8.2).
    package mutating func append(_ name: String, _ value: String) {
        append(name: name.utf8, value: value.utf8)
    }

    mutating func append(name: some Collection<UInt8>, value: some Collection<UInt8>) {
        fields.append(Field(start: Int32(bytes.count), nameCount: Int32(name.count), valueCount: Int32(value.count)))
        bytes.append(contentsOf: name)
        bytes.append(contentsOf: value)
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
        try bytes.withUnsafeBytes { try body(LentFields(bytes: $0, fields: fields)) }
    }

    /// The fields of a block where they lie in memory.
    package struct LentFields {
        fileprivate let bytes: UnsafeRawBufferPointer
        fileprivate let fields: [Field]

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
