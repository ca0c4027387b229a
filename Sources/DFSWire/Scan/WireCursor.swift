/// A place in protobuf bytes, whichever way they lie in memory: what the scan and the ``ChunkDataDecoder`` share, so that
/// both accept and refuse the same.
protocol WireCursor {
    /// The bytes not yet read.
    var remaining: Int { get }
    /// The next byte, or `nil` at the end.
    mutating func nextByte() -> UInt8?
    /// Passes over `count` bytes, which must be there.
    mutating func skip(_ count: Int)
}

/// The tag in front of a field.
struct WireTag: Equatable {
    let number: UInt32
    let wireType: WireType
}

/// The wire types of proto3 (Protocol Buffers encoding). The group types are not spoken by protobuf-c.
enum WireType: UInt8 {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
    case fixed32 = 5
}

extension WireCursor {
    /// A number of at most `maxBytes` bytes, seven bits each, the least significant first.
    mutating func varint(maxBytes: Int) throws(WireFault) -> UInt64 {
        var value: UInt64 = 0
        for position in 0..<maxBytes {
            guard let byte = nextByte() else { throw .truncated }
            // The tenth byte has room for one bit; protobuf-c drops the others, and so does the shift.
            value |= UInt64(byte & 0x7F) << UInt64(7 * position)
            if byte & 0x80 == 0 { return value }
        }
        throw .malformed
    }

    /// The tag of the next field.
    mutating func tag() throws(WireFault) -> WireTag {
        let value = try varint(maxBytes: 5)
        guard value <= UInt64(UInt32.max), value >> 3 != 0 else { throw .malformed }
        guard let type = WireType(rawValue: UInt8(value & 7)) else { throw .wrongWireType }
        return WireTag(number: UInt32(value >> 3), wireType: type)
    }

    /// The length in front of bytes, of which all must be there. protobuf-c takes five bytes of it, and no more than
    /// 2^31 - 1.
    mutating func length() throws(WireFault) -> Int {
        let value = try varint(maxBytes: 5)
        guard value <= UInt64(Int32.max) else { throw .malformed }
        guard Int(value) <= remaining else { throw .truncated }
        return Int(value)
    }

    /// Passes over the value of an unknown field.
    mutating func skipValue(of type: WireType) throws(WireFault) {
        switch type {
        case .varint: _ = try varint(maxBytes: 10)
        case .lengthDelimited: skip(try length())
        case .fixed64: try skipFixed(8)
        case .fixed32: try skipFixed(4)
        }
    }

    private mutating func skipFixed(_ count: Int) throws(WireFault) {
        guard remaining >= count else { throw .truncated }
        skip(count)
    }
}

/// A fault whose place is not yet known.
typealias WireFault = WireError.Fault

extension WireFault: Error {}
