/// The files of a descriptor set, by name and by what they declare.
struct DescriptorPool: Sendable {
    private var files: [String: FileDescription] = [:]
    private var fileOfSymbol: [String: String] = [:]
    private var messages: Set<String> = []
    /// Full names, in the order of the files.
    private(set) var services: [String] = []

    /// - Parameter fileDescriptorSet: a serialized `google.protobuf.FileDescriptorSet`, embedded when this was built.
    init(fileDescriptorSet: [UInt8]) {
        for (number, value) in DescriptorFields(fileDescriptorSet[...]) where number == 1 {
            let file = FileDescription(fileDescriptorProto: value)
            files[file.name] = file
            messages.formUnion(file.messages)
            services += file.services
            for symbol in file.symbols { fileOfSymbol[symbol] = file.name }
        }
    }

    /// The file of that name, then all that it imports, each once; `nil` where it is not known.
    func closure(ofFile name: String) -> [FileDescription]? {
        guard let first = files[name] else { return nil }
        var (found, seen) = ([first], Set([name]))
        var position = 0
        while position < found.count {
            for imported in found[position].imports where seen.insert(imported).inserted {
                guard let file = files[imported] else { preconditionFailure("the set lacks \(imported)") }
                found.append(file)
            }
            position += 1
        }
        return found
    }

    /// The name of the file that declares a full name.
    func file(declaring symbol: String) -> String? { fileOfSymbol[symbol] }

    func hasMessage(_ name: String) -> Bool { messages.contains(name) }
}
