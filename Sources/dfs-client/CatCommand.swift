import ArgumentParser
import DFSClient
import DFSCommandLine
import Logging

/// `cat <path>...`
struct CatCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "cat", summary: "Write files to standard output, one after the other; the first that fails ends it.")

    @Argument(help: "The files; patterns too.") var paths: [String]
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    func execute(logger: Logger) async throws {
        try await client.withClient(logger: logger) { client in
            for pattern in paths {
                try await client.forEachMatch(of: pattern) { path, _ in try await client.writeToStandardOutput(path) }
            }
        }
    }
}

extension DFSClient {
    /// Writes a file to standard output; where its reader has gone away, nobody is left to tell.
    func writeToStandardOutput(_ path: String) async throws {
        do {
            try await read(path, to: 1, named: "standard output")
        } catch let error as DFSError where error.code == .cancelled && !Task.isCancelled {
            throw SilentFailure()
        }
    }
}
