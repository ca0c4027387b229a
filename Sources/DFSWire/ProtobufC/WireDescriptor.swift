import CProtobufC

/// The description of a message type that protoc-c generated.
///
/// `@unchecked Sendable`: it points at constants of the generated code, which live for ever and never change.
struct WireDescriptor: @unchecked Sendable {
    let pointer: UnsafePointer<ProtobufCMessageDescriptor>

    /// Finds the descriptor through the generated `..._init` function, which writes its address into every struct. (Swift
    /// could also name the constant, but may then take the address of a copy.)
    init<C>(_ initialise: (UnsafeMutablePointer<C>?) -> Void) {
        let message = UnsafeMutablePointer<C>.allocate(capacity: 1)
        defer { message.deallocate() }
        initialise(message)
        let base = UnsafeRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
        guard let descriptor = base.pointee.descriptor else {
            preconditionFailure("generated code names its descriptor")
        }
        pointer = descriptor
    }

    private init(_ pointer: UnsafePointer<ProtobufCMessageDescriptor>) {
        self.pointer = pointer
    }

    var name: String { String(cString: pointer.pointee.name) }

    /// The known field of that number. Our messages have a handful of fields, so a linear search is the fast one.
    func field(_ number: UInt32) -> Field? {
        for index in 0..<Int(pointer.pointee.n_fields) where pointer.pointee.fields[index].id == number {
            return Field(pointer: pointer.pointee.fields + index)
        }
        return nil
    }

    /// One field of a message.
    struct Field {
        fileprivate let pointer: UnsafePointer<ProtobufCFieldDescriptor>

        var name: String { String(cString: pointer.pointee.name) }

        /// What the scan must know of the field's type.
        var kind: Kind {
            if dfs_field_is_string(pointer) != 0 { return .string }
            if dfs_field_is_bytes(pointer) != 0 { return .bytes }
            if let nested = dfs_field_nested_message(pointer) { return .message(WireDescriptor(nested)) }
            return .varint
        }
    }

    /// The types of field that our messages have: no fixed-width numbers, no packed lists.
    enum Kind {
        case varint
        case string
        case bytes
        case message(WireDescriptor)
    }
}
