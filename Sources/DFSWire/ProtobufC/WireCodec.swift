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
        try UnpackedMessage(wire, descriptor, limits).withPointer(read)
    }

    func encode(_ message: Message) throws(WireError) -> ByteBuffer {
        let writer = WireWriter(message: descriptor)
        return writer.pack(try write(message, writer))
    }
}
