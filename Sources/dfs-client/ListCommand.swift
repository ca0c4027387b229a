import ArgumentParser
import DFSClient
import DFSCommandLine
import DFSCore
import Logging

/// `ls [-l] [-R] [-json] [<path>]`
struct ListCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "ls", summary: "List a folder, one file, or what a pattern matches, in the order of the names' bytes.",
        discussion: """
            What a pattern matches is listed by its whole path, folders as themselves; with -R also all that is in them.
            """)
    static let longFlag = FlagDeclaration.toggle(
        "l",
        help:
            "ls: copies, bytes (and a + where more is being appended) and time of each entry too. fsck: each chunk and its servers."
    )
    private static let recursiveFlag = FlagDeclaration.toggle("R", help: "ls: with all that is in the folders.")
    static let flags = [longFlag, recursiveFlag]

    @Argument(help: "The folder, a file or a pattern; without it the root.") var path = "/"
    @Flag(Self.longFlag) var isLong = false
    @Flag(Self.recursiveFlag) var isRecursive = false
    @OptionGroup var output: OutputOptions
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    func execute(logger: Logger) async throws {
        try await client.withClient(logger: logger) { client in
            try await client.forEachMatch(of: path) { match, status in
                if let status, match != path { return try await list(status, at: match, client) }
                let status = if let status { status } else { try await client.status(of: match) }
                guard status.isFolder else { return try show(status, at: match) }
                let walk = TreeWalk(client: client, root: match)
                try await walk.run(isDeep: isRecursive) { step in try show(step.status, at: step.path) }
            }
        }
    }

    /// One match of a pattern.
    private func list(_ status: FileStatus, at path: String, _ client: DFSClient) async throws {
        try show(status, at: path)
        guard isRecursive, status.isFolder else { return }
        try await TreeWalk(client: client, root: path).run(isDeep: true) { step in
            try show(step.status, at: path + "/" + step.path)
        }
    }

    private func show(_ status: FileStatus, at path: String) throws {
        if output.isJSON {
            try StandardOutput.print(status.json(path: path))
            return
        }
        let name = status.isFolder ? path + "/" : path
        guard isLong else {
            try StandardOutput.print(name)
            return
        }
        try StandardOutput.print(
            columns(
                status.isFolder ? "-" : "\(status.replication)",
                status.isFolder ? "-" : "\(status.length)\(status.isAppended ? "+" : "")",
                time(status.isFolder ? status.createdAt : status.modifiedAt), name))
    }

    /// Copies, bytes, time, name.
    private func columns(_ copies: String, _ length: String, _ time: String, _ name: String) -> String {
        let gap = String(repeating: " ", count: max(0, 16 - length.count))
        return "\(copies) \(gap)\(length) \(time) \(name)"
    }
}
