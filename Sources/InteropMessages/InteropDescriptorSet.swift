import CInteropMessages

/// The descriptions of the interop tests' `.proto` files and of the standard services, as `protoc --descriptor_set_out`
/// wrote them.
package enum InteropDescriptorSet {
    /// A serialized `google.protobuf.FileDescriptorSet`.
    package static func bytes() -> [UInt8] {
        var count = 0
        let start = interop_descriptor_set(&count)
        return Array(UnsafeBufferPointer(start: start, count: count))
    }
}
