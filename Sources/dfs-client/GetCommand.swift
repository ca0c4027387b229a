import ArgumentParser
import DFSClient
import DFSCommandLine
import Logging

/// `get <remote-name> <local-directory>`
struct GetCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "get", summary: "Bring a file back as <local-directory>/<remote-name>, replacing what is there.")

    @Argument(help: "The file's name in the cluster.") var remoteName: String
    @Argument(help: "The folder to write into; made where missing. - is standard output.") var localDirectory: String
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    func execute(logger: Logger) async throws {
        try await client.withClient(logger: logger) { client in
            guard localDirectory != "-" else { return try await client.writeToStandardOutput(remoteName) }
            let line = ProgressLine("get \(remoteName)")
            defer { line.erase() }
            let result = try await client.get(remoteName, into: localDirectory, onProgress: line.handler)
            line.erase()
            let unverified = result.chunks.filter { !$0.isVerified }.count
            let note = unverified > 0 ? ", \(unverified) of them of unknown length and checksum" : ""
            print("\(result.path): \(result.length) bytes in \(result.chunks.count) chunks\(note)")
        }
    }
}
