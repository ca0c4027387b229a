import CProtobufC
import NIOCore

/// Ties a Swift message to the C struct that protoc-c generated for it.
///
/// The C struct's type shows only in the initializer, so nothing outside this module sees protobuf-c.
package struct WireCodec<Message: WireMessage>: Sendable {
    let limits: WireLimits
    /// Reads a C struct whose pointers are valid during the call.
    let read: @Sendable (UnsafeRawPointer) -> Message
    /// Builds the C struct of a message in the arena.
    let write: @Sendable (Message, WireWriter) throws(WireError) -> UnsafeMutableRawPointer
    /// The generated description of the message, of static lifetime.
    let descriptor: WireDescriptor

    /// - Parameters:
    ///   - initialise: the generated `..._init` function; it also leads to the message's descriptor.
    ///   - read: makes the Swift value from the C struct.
    ///   - write: fills the C struct, which has been initialised, from the Swift value.
    package init<C>(
        _ initialise: @escaping @Sendable (UnsafeMutablePointer<C>?) -> Void,
        limits: WireLimits = .small,
        read: @escaping @Sendable (C) -> Message,
        write: @escaping @Sendable (Message, inout C, WireWriter) throws(WireError) -> Void
    ) {
        self.limits = limits
        self.descriptor = WireDescriptor(initialise)
        self.read = { read($0.assumingMemoryBound(to: C.self).pointee) }
        self.write = { (message: Message, writer: WireWriter) throws(WireError) -> UnsafeMutableRawPointer in
            let pointer = try writer.allocate(C.self, count: 1)
            initialise(pointer)
            try write(message, &pointer.pointee, writer)
            return UnsafeMutableRawPointer(pointer)
        }
    }

    /// The full name of the message.
    var name: String { descriptor.name }

    func decode(_ wire: ByteBuffer) throws(WireError) -> Message {
        let result = wire.withUnsafeReadableBytes { bytes in
            Result { () throws(WireError) -> Message in try decode(bytes) }
        }
        return try result.get()
    }

    private func decode(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> Message {
        var scan = WireScan(message: name, limits: limits)
        try scan.run(bytes, descriptor)
        let arena = WireArena.make(budget: WireLimits.unpackingBudget(bytes: bytes.count, fields: scan.fieldCount))
        // protobuf-c reads nothing when the length is 0, but asks for a pointer all the same.
        let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let message = arena.withAllocator { allocator -> Message? in
            // Never freed by protobuf-c: all of it lies in the arena.
            guard let unpacked = protobuf_c_message_unpack(descriptor.pointer, allocator, bytes.count, start) else {
                return nil
            }
            return read(UnsafeRawPointer(unpacked))
        }
        guard let message else { throw WireError(message: name, field: nil, fault: .refused) }
        return message
    }

    func encode(_ message: Message) throws(WireError) -> ByteBuffer {
        // What we send is bounded where it is made; the arena's own budget is for what others send.
        let writer = WireWriter(arena: .make(budget: .max), message: name)
        let packed = UnsafePointer(try write(message, writer).assumingMemoryBound(to: ProtobufCMessage.self))
        return withExtendedLifetime(writer) {
            let size = protobuf_c_message_get_packed_size(packed)
            var buffer = ByteBufferAllocator().buffer(capacity: size)
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { room in
                guard let start = room.baseAddress, size > 0 else { return 0 }
                return protobuf_c_message_pack(packed, start.assumingMemoryBound(to: UInt8.self))
            }
            return buffer
        }
    }
}
