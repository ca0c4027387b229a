import ArgumentParser
import DFSClient
import DFSCommandLine
import DFSCore
import Logging

/// `trash [-json] ls`, `trash restore <id> [<path>]`, `trash empty [<id>]`
struct TrashCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "trash", summary: "List what was removed or replaced, bring it back, or delete it for good.",
        discussion: """
            ls               what the trash holds, oldest first: id, time, bytes, path
            restore <id> [<path>]   bring it back, to where it was or to another path
            empty [<id>]     delete one removal for good, or all
            """)

    @Argument(help: "ls, restore or empty.") var action: String
    @Argument(help: "What the action takes.") var operands: [String] = []
    @OptionGroup var output: OutputOptions
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    func execute(logger: Logger) async throws {
        try await client.withClient(logger: logger) { client in
            switch (action, operands.count) {
            case ("ls", 0): for try await entry in client.trash() { try show(entry) }
            case ("restore", 1): try await client.restore(operands[0])
            case ("restore", 2): try await client.restore(operands[0], to: operands[1])
            case ("empty", 0): try await client.emptyTrash()
            case ("empty", 1): try await client.emptyTrash(operands[0])
            default:
                throw DFSError(
                    .invalidArgument,
                    "\(quoted(action)) with \(operands.count) operands is nothing that trash does; write ls, "
                        + "restore <id> [<path>], or empty [<id>]")
            }
        }
    }

    private func show(_ entry: TrashEntry) throws {
        if output.isJSON {
            let more: [(String, JSONText)] = [
                ("id", .text(entry.id)), ("removedAt", .number(entry.removedAt)), ("isPurging", .flag(entry.isPurging)),
            ]
            try StandardOutput.print(entry.file.json(path: entry.file.name, more))
            return
        }
        let length = entry.file.isFolder ? "-" : "\(entry.file.length)"
        let note = entry.isPurging ? " (being deleted)" : ""
        try StandardOutput.print("\(entry.id) \(time(entry.removedAt)) \(length) \(entry.file.name)\(note)")
    }
}
