import ArgumentParser
import DFSClient
import DFSCommandLine
import DFSCore
import Logging

/// `ls [-l] [-R] [-json] [<folder>]`
struct ListCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "ls", summary: "List a folder, or one file, in the order of the names' bytes.")
    private static let longFlag = FlagDeclaration.toggle("l", help: "ls: copies, bytes and time of each entry too.")
    private static let recursiveFlag = FlagDeclaration.toggle("R", help: "ls: with all that is in the folders.")
    static let flags = [longFlag, recursiveFlag]

    @Argument(help: "The folder; without it the root.") var path = "/"
    @Flag(Self.longFlag) var isLong = false
    @Flag(Self.recursiveFlag) var isRecursive = false
    @OptionGroup var output: OutputOptions
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    func execute(logger: Logger) async throws {
        try await client.withClient(logger: logger) { client in
            let status = try await client.status(of: path)
            guard status.isFolder else {
                show(status, at: path)
                return
            }
            let walk = TreeWalk(client: client, root: path == "/" ? "" : path)
            try await walk.run(isDeep: isRecursive) { step in show(step.status, at: step.path) }
        }
    }

    private func show(_ status: FileStatus, at path: String) {
        if output.isJSON {
            print(status.json(path: path))
            return
        }
        let name = status.isFolder ? path + "/" : path
        guard isLong else {
            print(name)
            return
        }
        print(
            columns(
                status.isFolder ? "-" : "\(status.replication)", status.isFolder ? "-" : "\(status.length)",
                time(status.isFolder ? status.createdAt : status.modifiedAt), name))
    }

    /// Copies, bytes, time, name.
    private func columns(_ copies: String, _ length: String, _ time: String, _ name: String) -> String {
        let gap = String(repeating: " ", count: max(0, 16 - length.count))
        return "\(copies) \(gap)\(length) \(time) \(name)"
    }
}
