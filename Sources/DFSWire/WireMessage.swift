import NIOCore

/// A protobuf message as a Swift value: the fields of the `.proto` file under their names in camel case.
///
/// Bytes come from peers that cannot be trusted: ``init(wire:)`` scans them before protobuf-c sees them, and no input
/// traps. As proto3 wants, a field that is absent has its zero value, unknown fields are skipped, and the last of several
/// values of one field counts.
package protocol WireMessage: Sendable, Equatable {
    /// Ties the value to its C struct.
    static var codec: WireCodec<Self> { get }
}

extension WireMessage {
    /// The full name, such as `master.HeartbeatRequest`.
    package static var messageName: String { codec.name }

    /// The longest encoding that is ever decoded, in bytes: the limit to receive with.
    package static var maxByteCount: Int { codec.limits.maxBytes }

    /// Decodes the readable bytes of `wire`.
    ///
    /// - Throws: ``WireError`` that names message and field.
    package init(wire: ByteBuffer) throws(WireError) {
        self = try Self.codec.decode(wire)
    }

    /// The encoding, in a buffer of its own.
    ///
    /// - Throws: ``WireError`` where a string contains a NUL byte, which protobuf-c would cut there.
    package func encoded() throws(WireError) -> ByteBuffer {
        try Self.codec.encode(self)
    }
}
