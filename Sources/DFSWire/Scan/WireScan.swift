/// Reads raw bytes against a message's description before protobuf-c sees them.
///
/// protobuf-c alone accepts bad UTF-8, cuts a string at a NUL, and allocates for every field that a peer cares to send.
/// After this scan the bytes are a valid message of bounded cost; its strings are UTF-8 without NUL.
struct WireScan {
    private let message: WireDescriptor
    private let limits: WireLimits
    /// The fields seen so far, nested and unknown ones included.
    private(set) var fieldCount = 0

    init(message: WireDescriptor, limits: WireLimits) {
        self.message = message
        self.limits = limits
    }

    /// Scans the whole of `bytes` as the message.
    mutating func run(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        guard bytes.count <= limits.maxBytes else { throw error(.tooLarge(limit: limits.maxBytes), nil) }
        try scan(bytes, message, parent: nil)
    }

    /// Our messages nest two levels at most, so neither does this recursion.
    private mutating func scan(
        _ bytes: UnsafeRawBufferPointer, _ descriptor: WireDescriptor, parent: WireDescriptor.Field?
    ) throws(WireError) {
        var cursor = RawCursor(bytes)
        while cursor.remaining > 0 {
            fieldCount += 1
            guard fieldCount <= limits.maxFields else { throw error(.tooManyFields(limit: limits.maxFields), nil) }
            var field: WireDescriptor.Field?
            var nested: Nested?
            do throws(WireFault) {
                let tag = try cursor.tag()
                field = descriptor.field(tag.number)
                if let field {
                    nested = try scanValue(of: field, tag.wireType, &cursor)
                } else {
                    try cursor.skipValue(of: tag.wireType)
                }
            } catch {
                throw self.error(error, field, parent)
            }
            if let nested { try scan(nested.bytes, nested.descriptor, parent: field) }
        }
    }

    private struct Nested {
        let bytes: UnsafeRawBufferPointer
        let descriptor: WireDescriptor
    }

    private func scanValue(
        of field: WireDescriptor.Field, _ type: WireType, _ cursor: inout RawCursor
    ) throws(WireFault) -> Nested? {
        let kind = field.kind
        if case .varint = kind {
            guard type == .varint else { throw .wrongWireType }
            _ = try cursor.varint(maxBytes: 10)
            return nil
        }
        guard type == .lengthDelimited else { throw .wrongWireType }
        let value = cursor.take(try cursor.length())
        switch kind {
        case .string: try checkText(value)
        case .message(let descriptor): return Nested(bytes: value, descriptor: descriptor)
        case .varint, .bytes: break
        }
        return nil
    }

    private func error(
        _ fault: WireFault, _ field: WireDescriptor.Field?, _ parent: WireDescriptor.Field? = nil
    ) -> WireError {
        let path = [parent?.name, field?.name].compactMap { $0 }.joined(separator: ".")
        return WireError(message: message.name, field: path.isEmpty ? nil : path, fault: fault)
    }
}
