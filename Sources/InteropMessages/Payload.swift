import CInteropMessages
import CProtobufC
import DFSWire

extension WireLimits {
    /// A payload of any size that gRPC takes by default.
    package static let payload = WireLimits(maxBytes: 4 << 20, maxFields: 4096)
}

/// `grpc.testing.Empty`: nothing.
package struct Empty: WireMessage {
    package init() {}

    package static let codec = WireCodec<Self>(
        grpc__testing__empty__init, read: { (_: Grpc__Testing__Empty) in Self() }, write: { _, _, _ in })
}

/// `grpc.testing.Payload`: bytes that make a message large.
package struct Payload: WireMessage {
    package var body: [UInt8]

    package init(body: [UInt8] = []) {
        self.body = body
    }

    /// A body of zeros, as all interop tests use.
    package init(zeroCount: Int) {
        body = [UInt8](repeating: 0, count: zeroCount)
    }

    package static let codec = WireCodec<Self>(
        grpc__testing__payload__init, limits: .payload,
        read: { Self(body: bytes($0.body)) },
        write: { message, field, writer throws(WireError) in field.body = try writer.bytes(message.body) })
}

/// `grpc.testing.EchoStatus`: a status that the server is to end the call with.
package struct EchoStatus: WireMessage {
    /// The number of a gRPC status code.
    package var code: Int32
    package var message: String

    package init(code: Int32 = 0, message: String = "") {
        self.code = code
        self.message = message
    }

    package static let codec = WireCodec<Self>(
        grpc__testing__echo_status__init,
        read: { Self(code: $0.code, message: text($0.message)) },
        write: { message, field, writer throws(WireError) in
            field.code = message.code
            field.message = try writer.text(message.message, "message")
        })
}

/// `grpc.testing.BoolValue`: what an optional `Bool` is on the wire.
struct BoolValue: WireMessage {
    let value: Bool

    static let codec = WireCodec<Self>(
        grpc__testing__bool_value__init,
        read: { Self(value: $0.value != 0) },
        write: { message, field, _ in field.value = message.value ? 1 : 0 })
}

/// The optional `Bool` of a C field.
func optionalBool(_ field: UnsafeMutablePointer<Grpc__Testing__BoolValue>?) -> Bool? {
    (nested(field) as BoolValue?)?.value
}

extension WireWriter {
    /// A nested message, where there is one.
    func optional<C, Message: WireMessage>(_ value: Message?) throws(WireError) -> UnsafeMutablePointer<C>? {
        guard let value else { return nil }
        return try nested(value)
    }

    func optional(_ value: Bool?) throws(WireError) -> UnsafeMutablePointer<Grpc__Testing__BoolValue>? {
        guard let value else { return nil }
        return try nested(BoolValue(value: value))
    }
}
