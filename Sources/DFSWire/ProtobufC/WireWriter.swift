import CProtobufC
import NIOCore

/// What a codec's `write` closure is written with: Swift values to C fields, in memory that lives as long as the writer.
package struct WireWriter {
    private let arena: WireArena
    /// Of the outermost message, for errors.
    private let message: WireDescriptor

    init(message: WireDescriptor) {
        // What we send is bounded where it is made; the arena's own budget is for what others send.
        arena = .make(budget: .max)
        self.message = message
    }

    /// The encoding of the C struct that was written into the arena.
    func pack(_ pointer: UnsafeMutableRawPointer) -> ByteBuffer {
        let message = UnsafePointer(pointer.assumingMemoryBound(to: ProtobufCMessage.self))
        return withExtendedLifetime(arena) {
            let size = protobuf_c_message_get_packed_size(message)
            var buffer = ByteBufferAllocator().buffer(capacity: size)
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { room in
                guard let start = room.baseAddress, size > 0 else { return 0 }
                return protobuf_c_message_pack(message, start.assumingMemoryBound(to: UInt8.self))
            }
            return buffer
        }
    }

    /// Room for `count` values, uninitialised.
    func allocate<T>(_ type: T.Type, count: Int) throws(WireError) -> UnsafeMutablePointer<T> {
        guard let pointer = arena.allocate(type, count: count) else {
            throw WireError(message: message.name, field: nil, fault: .refused)
        }
        return pointer
    }

    /// A C string, or the NUL-byte error that names `field`.
    package func text(_ value: String, _ field: StaticString) throws(WireError) -> UnsafeMutablePointer<CChar> {
        var value = value
        let result = value.withUTF8 { bytes in
            Result { () throws(WireError) -> UnsafeMutablePointer<CChar> in
                if bytes.contains(0) { throw WireError(message: message.name, field: "\(field)", fault: .containsNUL) }
                let copy = try allocate(UInt8.self, count: bytes.count + 1)
                if let start = bytes.baseAddress { copy.update(from: start, count: bytes.count) }
                copy[bytes.count] = 0
                return UnsafeMutableRawPointer(copy).assumingMemoryBound(to: CChar.self)
            }
        }
        return try result.get()
    }

    /// A repeated string: count and array.
    func texts(
        _ values: [String], _ field: StaticString
    ) throws(WireError) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) {
        if values.isEmpty { return (0, nil) }
        let array = try allocate(UnsafeMutablePointer<CChar>?.self, count: values.count)
        for (index, value) in values.enumerated() { array[index] = try text(value, field) }
        return (values.count, array)
    }

    /// Bytes, copied.
    package func bytes(_ value: [UInt8]) throws(WireError) -> ProtobufCBinaryData {
        let copy = try allocate(UInt8.self, count: value.count)
        value.withUnsafeBufferPointer { bytes in
            if let start = bytes.baseAddress { copy.update(from: start, count: bytes.count) }
        }
        return ProtobufCBinaryData(len: value.count, data: copy)
    }

    /// A repeated field of bytes: count and array.
    func byteLists(_ values: [[UInt8]]) throws(WireError) -> (Int, UnsafeMutablePointer<ProtobufCBinaryData>?) {
        if values.isEmpty { return (0, nil) }
        let array = try allocate(ProtobufCBinaryData.self, count: values.count)
        for (index, value) in values.enumerated() { array[index] = try bytes(value) }
        return (values.count, array)
    }

    /// A nested message.
    package func nested<C, Message: WireMessage>(_ value: Message) throws(WireError) -> UnsafeMutablePointer<C> {
        try Message.codec.write(value, self).assumingMemoryBound(to: C.self)
    }

    /// A repeated message: count and array.
    package func nestedList<C, Message: WireMessage>(
        _ values: [Message]
    ) throws(WireError) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<C>?>?) {
        if values.isEmpty { return (0, nil) }
        let array = try allocate(UnsafeMutablePointer<C>?.self, count: values.count)
        for (index, value) in values.enumerated() { array[index] = try nested(value) }
        return (values.count, array)
    }
}
