import CNGHTTP2

/// Collects the fields of one header block after the other, and knows one that says the same as the block before it.
///
/// The calls of a connection mostly have the same headers, which the peer mostly sends as references to HPACK's table (RFC
/// 7541 §6.1): the library then hands out the very buffers that it handed out before. Where all are the same, so is the
/// block, and nobody need look at it again: ``HeaderBlock/isSame(as:)``.
struct RepeatedHeaders: ~Copyable {
    private struct Field: Equatable {
        let name: OpaquePointer?
        let value: OpaquePointer?
    }

    /// A block above this is not kept when it is handed out.
    private static let keptListSize = 2048

    /// The fields of ``block``, each referenced, so that no other can have its address.
    private var fields: [Field] = []
    private var block = HeaderBlock()
    /// How many fields of the block being received are those of the block before; `nil` when it has others.
    private var sameCount: Int? = 0

    init() {}

    deinit { for field in fields { Self.release(field) } }

    mutating func begin() { sameCount = 0 }

    /// - Parameter maxListSize: what is above it is left out, and the block marked.
    mutating func append(name: OpaquePointer?, value: OpaquePointer?, maxListSize: Int) {
        let field = Field(name: name, value: value)
        if let count = sameCount {
            if count < fields.count, fields[count] == field || saysTheSame(field, at: count) {
                sameCount = count + 1
                return
            }
            keep(first: count)
            sameCount = nil
        }
        let (nameBytes, valueBytes) = (Self.bytes(of: name), Self.bytes(of: value))
        guard block.listSize + nameBytes.count + valueBytes.count + 32 <= maxListSize else {
            block.isTruncated = true
            return
        }
        nghttp2_rcbuf_incref(name)
        nghttp2_rcbuf_incref(value)
        fields.append(field)
        block.append(name: nameBytes, value: valueBytes)
    }

    /// The block, which is complete.
    mutating func end() -> HeaderBlock {
        if let count = sameCount, count < fields.count { keep(first: count) }
        let complete = block
        if complete.listSize > Self.keptListSize || complete.isTruncated {
            keep(first: 0)
            block = HeaderBlock()
        }
        return complete
    }

    /// Some fields are not put into the table; the library leaves out `:path`.
    private func saysTheSame(_ field: Field, at index: Int) -> Bool {
        block.isField(at: index, name: Self.bytes(of: field.name), value: Self.bytes(of: field.value))
    }

    private mutating func keep(first count: Int) {
        for field in fields[count...] { Self.release(field) }
        fields.removeLast(fields.count - count)
        block = block.prefix(count)
    }

    private static func bytes(of buffer: OpaquePointer?) -> UnsafeBufferPointer<UInt8> {
        let bytes = nghttp2_rcbuf_get_buf(buffer)
        return UnsafeBufferPointer(start: bytes.base, count: bytes.len)
    }

    private static func release(_ field: Field) {
        nghttp2_rcbuf_decref(field.name)
        nghttp2_rcbuf_decref(field.value)
    }
}
