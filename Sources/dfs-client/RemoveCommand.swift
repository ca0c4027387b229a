import ArgumentParser
import DFSClient
import DFSCommandLine
import Logging

/// `rm [-r] <path>...`
struct RemoveCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "rm", summary: "Move files to the trash, from where they can be restored for a while.")
    static let recursiveFlag = FlagDeclaration.toggle("r", help: "rm, put, get: folders too, with all that is in them.")
    static let flags = [recursiveFlag]

    @Argument(help: "What to remove; patterns too.") var paths: [String]
    @Flag(Self.recursiveFlag) var isRecursive = false
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    func execute(logger: Logger) async throws {
        try await client.withClient(logger: logger) { client in
            for pattern in paths {
                try await client.forEachMatch(of: pattern) { path, _ in
                    try await client.remove(path, recursively: isRecursive)
                }
            }
        }
    }
}

/// `mkdir <path>...`
struct MakeFolderCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "mkdir", summary: "Make folders, and those above them; one that exists is as good.")

    @Argument(help: "The folders to make.") var paths: [String]
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    func execute(logger: Logger) async throws {
        try await client.withClient(logger: logger) { client in
            for path in paths { try await client.makeFolder(path) }
        }
    }
}

/// `setrep <copies> <path>...`
struct SetReplicationCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "setrep", summary: "Change the number of copies of files; the master sees to it afterwards.")

    @Argument(help: "Copies of each chunk.") var copies: Int
    @Argument(help: "The files; patterns too.") var paths: [String]
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    func execute(logger: Logger) async throws {
        try await client.withClient(logger: logger) { client in
            for pattern in paths {
                try await client.forEachMatch(of: pattern) { path, _ in
                    try await client.setReplication(copies, of: path)
                }
            }
        }
    }
}
