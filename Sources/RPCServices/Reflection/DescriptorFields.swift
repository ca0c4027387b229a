/// The fields of one serialized descriptor that hold texts and messages; numbers are passed over.
///
/// Only for descriptor sets that were embedded when this was built: malformed bytes are a broken invariant, and trap.
struct DescriptorFields: Sequence, IteratorProtocol {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    mutating func next() -> (number: Int, value: ArraySlice<UInt8>)? {
        while !rest.isEmpty {
            let tag = varint()
            switch tag & 7 {
            case 0: _ = varint()
            case 1: _ = take(8)
            case 2: return (tag >> 3, take(varint()))
            case 5: _ = take(4)
            default: preconditionFailure("the embedded descriptors use wire type \(tag & 7)")
            }
        }
        return nil
    }

    /// The fields of that number, as texts.
    static func texts(_ number: Int, in bytes: ArraySlice<UInt8>) -> [String] {
        DescriptorFields(bytes).filter { $0.number == number }.map { String(decoding: $0.value, as: UTF8.self) }
    }

    private mutating func varint() -> Int {
        var (value, shift) = (0, 0)
        while let byte = rest.popFirst() {
            value |= Int(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        preconditionFailure("the embedded descriptors end in a number")
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8> {
        precondition(count <= rest.count, "the embedded descriptors end in a field")
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
