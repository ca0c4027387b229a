import CProtobufC
import NIOCore

/// A message as protobuf-c has unpacked it, with the arena that all of it lies in. Nothing here depends on the message's Swift
/// type, so that other modules need not compile it anew, or call it by way of tables, for each.
struct UnpackedMessage {
    private let pointer: UnsafeRawPointer
    private let arena: WireArena

    /// Scans the readable bytes of `wire`, then unpacks them.
    init(_ wire: ByteBuffer, _ descriptor: WireDescriptor, _ limits: WireLimits) throws(WireError) {
        let result = wire.withUnsafeReadableBytes { bytes in
            Result { () throws(WireError) -> UnpackedMessage in try UnpackedMessage(bytes, descriptor, limits) }
        }
        self = try result.get()
    }

    private init(
        _ bytes: UnsafeRawBufferPointer, _ descriptor: WireDescriptor, _ limits: WireLimits
    ) throws(WireError) {
        var scan = WireScan(message: descriptor, limits: limits)
        try scan.run(bytes)
        arena = WireArena.make(budget: WireLimits.unpackingBudget(bytes: bytes.count, fields: scan.fieldCount))
        // protobuf-c reads nothing when the length is 0, but asks for a pointer all the same.
        let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        // Never freed by protobuf-c: all of it lies in the arena, strings and bytes too.
        let unpacked = arena.withAllocator { protobuf_c_message_unpack(descriptor.pointer, $0, bytes.count, start) }
        guard let unpacked else { throw WireError(message: descriptor.name, field: nil, fault: .refused) }
        pointer = UnsafeRawPointer(unpacked)
    }

    /// Lends the C struct for the length of `body`.
    func withPointer<R>(_ body: (UnsafeRawPointer) -> R) -> R {
        withExtendedLifetime(arena) { body(pointer) }
    }
}
