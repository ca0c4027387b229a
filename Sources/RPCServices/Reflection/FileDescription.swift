/// One `.proto` file of a descriptor set: what reflection must know of it. Field numbers are those of
/// `google/protobuf/descriptor.proto`.
struct FileDescription: Sendable {
    let name: String
    /// The names of the files that it imports.
    let imports: [String]
    /// Full names of its messages, nested ones included.
    private(set) var messages: [String] = []
    /// Full names of its services.
    private(set) var services: [String] = []
    /// Full names of everything that it declares: those, and fields, oneofs, enums, their values and methods.
    private(set) var symbols: [String] = []
    /// The serialized `FileDescriptorProto`.
    let bytes: [UInt8]

    init(fileDescriptorProto: ArraySlice<UInt8>) {
        bytes = Array(fileDescriptorProto)
        name = DescriptorFields.texts(1, in: fileDescriptorProto).last ?? ""
        imports = DescriptorFields.texts(3, in: fileDescriptorProto)
        let package = DescriptorFields.texts(2, in: fileDescriptorProto).last ?? ""
        for (number, value) in DescriptorFields(fileDescriptorProto) {
            switch number {
            case 4: addMessage(value, in: package)
            case 5: addEnum(value, in: package)
            case 6: addService(value, in: package)
            case 7: Self.refuseExtension()
            default: break
            }
        }
    }

    private mutating func addMessage(_ bytes: ArraySlice<UInt8>, in scope: String) {
        let message = addSymbol(bytes, in: scope)
        messages.append(message)
        for (number, value) in DescriptorFields(bytes) {
            switch number {
            case 2, 8: addSymbol(value, in: message)
            case 3: addMessage(value, in: message)
            case 4: addEnum(value, in: message)
            case 6: Self.refuseExtension()
            default: break
            }
        }
    }

    /// The values of an enum stand beside it, not in it (as in C++).
    private mutating func addEnum(_ bytes: ArraySlice<UInt8>, in scope: String) {
        addSymbol(bytes, in: scope)
        for (number, value) in DescriptorFields(bytes) where number == 2 { addSymbol(value, in: scope) }
    }

    private mutating func addService(_ bytes: ArraySlice<UInt8>, in scope: String) {
        let service = addSymbol(bytes, in: scope)
        services.append(service)
        for (number, value) in DescriptorFields(bytes) where number == 2 { addSymbol(value, in: service) }
    }

    /// In every kind of descriptor the name is field 1.
    @discardableResult
    private mutating func addSymbol(_ bytes: ArraySlice<UInt8>, in scope: String) -> String {
        let name = DescriptorFields.texts(1, in: bytes).last ?? ""
        let full = scope.isEmpty ? name : "\(scope).\(name)"
        symbols.append(full)
        return full
    }

    private static func refuseExtension() -> Never {
        preconditionFailure("a file of ours declares an extension; reflection has to learn of them first")
    }
}
