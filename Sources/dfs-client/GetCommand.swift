import ArgumentParser
import DFSClient
import DFSCommandLine
import DFSCore
import Logging

/// `get [-r] [-resume] [-sync on|off] <path> <local-directory>`
struct GetCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "get", summary: "Bring a file back as <local-directory>/<path>, replacing what is there.")
    static let resumeFlag = FlagDeclaration.toggle(
        "resume", help: "get, put: go on with what one with -resume has left that was stopped, and leave what has come."
    )
    private static let syncFlag = FlagDeclaration.value(
        "sync", OnOff.self,
        help:
            "get: whether a file is on disk when the get is done; off leaves that to the operating system, as cp(1) does."
    )
    static let flags = [resumeFlag, syncFlag]

    @Argument(help: "The file's path in the cluster, or a pattern.") var remoteName: String
    @Argument(help: "The folder to write into; made where missing. - is standard output.") var localDirectory: String
    @Flag(RemoveCommand.recursiveFlag) var isRecursive = false
    @Flag(Self.resumeFlag) var resumes = false
    @Option(Self.syncFlag) var sync = OnOff.on
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        guard !(resumes && (isRecursive || localDirectory == "-")) else {
            throw ValidationError("-resume: goes with one file and a folder to write into")
        }
    }

    private var options: GetOptions { GetOptions(resumes: resumes, isDurable: sync == .on) }

    func execute(logger: Logger) async throws {
        try await client.withClient(logger: logger) { client in
            guard isRecursive else {
                return try await client.forEachMatch(of: remoteName) { path, status in
                    guard status?.isFolder != true else {
                        throw DFSError(.failedPrecondition, "\(quoted(path)) is a folder; get -r brings folders")
                    }
                    if localDirectory == "-" {
                        try await client.writeToStandardOutput(path)
                    } else {
                        try await get(path, client)
                    }
                }
            }
            var report = TreeReport(done: "brought", logger: logger)
            try await client.forEachMatch(of: remoteName) { path, status in
                do {
                    try await report.run(path) {
                        try await client.getTree(path, into: localDirectory, options: options, onEvent: $0)
                    }
                } catch {
                    // Only of what a pattern matches there may be more.
                    guard status != nil, !Task.isCancelled else { throw error }
                    report.fail(path, error)
                }
            }
            try report.end()
        }
    }

    private func get(_ path: String, _ client: DFSClient) async throws {
        let line = ProgressLine("get \(path)")
        defer { line.erase() }
        let result = try await client.get(path, into: localDirectory, options: options, onProgress: line.handler)
        line.erase()
        let unverified = result.chunks.filter { !$0.isVerified }.count
        let note = unverified > 0 ? ", \(unverified) of them of unknown length and checksum" : ""
        print("\(result.path): \(result.length) bytes in \(result.chunks.count) chunks\(note)")
    }
}
