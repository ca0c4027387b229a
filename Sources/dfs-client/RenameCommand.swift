import ArgumentParser
import DFSClient
import DFSCommandLine
import DFSCore
import Logging

/// `mv [-f] <source> <target>`
struct RenameCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "mv", summary: "Give a file or folder another path; into a folder that exists, under its own name.")

    @Argument(help: "What to move.") var source: String
    @Argument(help: "Where to.") var target: String
    @Flag(PutCommand.replaceFlag) var replaces = false
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    func execute(logger: Logger) async throws {
        try await client.withClient(logger: logger) { client in
            try await client.rename(source, to: try await destination(client), replacing: replaces)
        }
    }

    /// As mv(1) does: a folder at the target takes the source in.
    private func destination(_ client: DFSClient) async throws -> String {
        do {
            guard try await client.status(of: target).isFolder else { return target }
        } catch let error as DFSError where error.code == .notFound {
            return target
        }
        let name = source.pathParts.last ?? source
        let folder = target.pathParts.joined(separator: "/")
        return folder.isEmpty ? name : folder + "/" + name
    }
}
