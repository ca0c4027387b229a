import ArgumentParser
import DFSClient
import DFSCommandLine
import DFSCore
import Logging

/// `setattr [-attr <name>=<value>]... [-remove-attr <name>]... <path>...`
struct SetAttributesCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "setattr", summary: "Set and remove attributes of files, all of one file at once.")
    private static let removedFlag = FlagDeclaration.values(
        "remove-attr", String.self, help: "setattr: remove the attribute of this name; may be repeated.",
        placeholder: "name")
    static let flags = [AttributeAssignment.flag, removedFlag]

    @Argument(help: "The files; patterns too.") var paths: [String]
    @Option(AttributeAssignment.flag) var assignments: [AttributeAssignment] = []
    @Option(Self.removedFlag) var removed: [String] = []
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        guard !assignments.isEmpty || !removed.isEmpty else {
            throw ValidationError("nothing is to be changed; give -attr or -remove-attr before the paths")
        }
    }

    func execute(logger: Logger) async throws {
        let added = try FileAttributes(assignments)
        try await client.withClient(logger: logger) { client in
            for pattern in paths {
                try await client.forEachMatch(of: pattern) { path, _ in
                    try await client.setAttributes(added, removing: removed, of: path)
                }
            }
        }
    }
}

/// `<name>=<value>` on the command line; the first `=` ends the name.
struct AttributeAssignment: FlagValue {
    static let placeholder = "name=value"
    static let flag = FlagDeclaration.values(
        "attr", Self.self, help: "put, setattr: a text that is kept with the file; may be repeated.")

    let name: String
    let value: String

    init(flag text: String) throws(DFSError) {
        guard let sign = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
            throw DFSError(.invalidArgument, "\(quoted(text)) has no =; write an attribute as <name>=<value>")
        }
        name = String(text[..<sign])
        value = String(text[text.utf8.index(after: sign)...])
    }
}

extension FileAttributes {
    /// - Throws: ``DFSError`` of code `invalidArgument`.
    init(_ assignments: [AttributeAssignment]) throws(DFSError) {
        try self.init(assignments.map { ($0.name, $0.value) })
    }

    /// The attributes as members of a JSON line.
    var json: JSONText { .members(all.map { ($0.name, .text($0.value)) }) }
}
