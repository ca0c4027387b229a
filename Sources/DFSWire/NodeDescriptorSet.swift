import CMessages

/// The descriptions of the `.proto` files that nodes speak, as `protoc --descriptor_set_out` wrote them.
package enum NodeDescriptorSet {
    /// A serialized `google.protobuf.FileDescriptorSet`.
    package static func bytes() -> [UInt8] {
        var count = 0
        let start = node_descriptor_set(&count)
        return Array(UnsafeBufferPointer(start: start, count: count))
    }
}
