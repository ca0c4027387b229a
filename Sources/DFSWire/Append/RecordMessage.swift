import DFSCore
import NIOCore

/// A message of the append protocol that carries records: hot, so it does not pass through protobuf-c and its data is never
/// copied.
///
/// It accepts and refuses what scan and protobuf-c would (the tests hold them against each other), but for a field that the
/// message itself checks.
protocol RecordMessage: Sendable, Equatable {
    /// The fields by number.
    associatedtype Field: RecordMessageField
    /// The full name of the message.
    static var messageName: String { get }
    init()
    /// Takes the value of one field, at which the cursor stands.
    mutating func read(_ field: Field, from cursor: inout RopeCursor) throws(WireFault)
}

/// A field of a ``RecordMessage``, by its number.
protocol RecordMessageField: RawRepresentable<UInt32>, Sendable {
    /// As in the `.proto` file.
    var name: String { get }
    var wireType: WireType { get }
}

extension RecordMessage {
    /// Decodes one message that lies in `segments`, cut anywhere; its data shares their memory.
    ///
    /// - Throws: ``WireError`` that names the field.
    static func decoded(_ segments: [ByteBuffer]) throws(WireError) -> Self {
        var cursor = RopeCursor(segments)
        var message = Self()
        while cursor.remaining > 0 {
            var field: Field?
            do throws(WireFault) {
                let tag = try cursor.tag()
                field = Field(rawValue: tag.number)
                if let field {
                    guard tag.wireType == field.wireType else { throw .wrongWireType }
                    try message.read(field, from: &cursor)
                } else {
                    try cursor.skipValue(of: tag.wireType)
                }
            } catch {
                throw WireError(message: messageName, field: field?.name, fault: error)
            }
        }
        return message
    }
}

extension RopeCursor {
    /// The nested `OpenChunkVersion` at which the cursor stands. protobuf merges a message that comes twice, which is what
    /// both encodings in a row mean.
    mutating func chunk(after earlier: OpenChunkVersion?) throws(WireFault) -> OpenChunkVersion {
        let slices = take(try length())
        do throws(WireError) {
            var bytes = try earlier?.encoded() ?? ByteBuffer()
            for slice in slices { bytes.writeImmutableBuffer(slice) }
            return try OpenChunkVersion(wire: bytes)
        } catch {
            throw error.fault
        }
    }

    /// The low 32 bits of the number at which the cursor stands, as protobuf-c keeps them.
    mutating func number32() throws(WireFault) -> UInt32 { UInt32(truncatingIfNeeded: try varint(maxBytes: 10)) }
}

/// Writes the short prefix of a ``RecordMessage``, whose data follows as it is.
struct RecordPrefix {
    private(set) var buffer: ByteBuffer

    /// - Parameter capacity: bytes that it is going to have, at most.
    init(capacity: Int) { buffer = ByteBufferAllocator().buffer(capacity: capacity) }

    mutating func append<Field: RecordMessageField>(_ field: Field, number: UInt64) {
        if number == 0 { return }
        appendTag(field)
        buffer.writeVarint(number)
    }

    mutating func append<Field: RecordMessageField>(_ field: Field, bytes: ByteBuffer) {
        appendTag(field)
        buffer.writeVarint(UInt64(bytes.readableBytes))
        buffer.writeImmutableBuffer(bytes)
    }

    /// Tag and length of `data`, which is to follow; nothing where it is empty.
    mutating func appendLength<Field: RecordMessageField>(_ field: Field, of data: [ByteBuffer]) {
        let byteCount = data.reduce(0) { $0 + $1.readableBytes }
        if byteCount == 0 { return }
        appendTag(field)
        buffer.writeVarint(UInt64(byteCount))
    }

    private mutating func appendTag<Field: RecordMessageField>(_ field: Field) {
        buffer.writeInteger(UInt8(field.rawValue << 3) | field.wireType.rawValue)
    }

    mutating func append<Field: RecordMessageField>(_ field: Field, id: RecordID) {
        appendTag(field)
        buffer.writeVarint(UInt64(RecordID.byteCount))
        buffer.writeInteger(id.high)
        buffer.writeInteger(id.low)
    }
}
