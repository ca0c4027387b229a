import ArgumentParser
import DFSClient
import DFSCommandLine
import DFSCore
import Logging

/// `fsck [-l] [-json] [<path>]`
struct CheckCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "fsck", summary: "Tell of each file whether it has all its copies: state, bytes, chunks, path.",
        discussion: """
            healthy           every chunk has all copies wanted, on live servers
            under-replicated  every chunk has a complete copy, some have fewer than wanted; the master has them made
            missing           some chunk has no complete copy on a live server
            open              still being written

            Bytes with a + are those of a file that is being appended to, without the chunk that takes records.
            The last line counts them. Exit status: 0 no file is missing, 1 some are.
            """)

    @Argument(help: "The folder, a file or a pattern; without it the root.") var path = "/"
    @Flag(ListCommand.longFlag) var isLong = false
    @OptionGroup var output: OutputOptions
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    /// Files by state.
    private struct Counts {
        var files = 0
        var byState: [CheckedFile.State: Int] = [:]
        var isMasterStarting = false

        subscript(state: CheckedFile.State) -> Int { byState[state] ?? 0 }

        mutating func add(_ file: CheckedFile) {
            files += 1
            byState[file.state, default: 0] += 1
            isMasterStarting = isMasterStarting || file.isMasterStarting
        }
    }

    func execute(logger: Logger) async throws {
        try await client.withClient(logger: logger) { client in
            var counts = Counts()
            try await client.forEachMatch(of: path) { match, _ in
                for try await file in client.checkFiles(match, withChunks: isLong) {
                    counts.add(file)
                    try show(file)
                }
            }
            try show(counts)
            guard counts[.missing] > 0 else { return }
            let hint = counts.isMasterStarting ? "; the master has just started, so ask again in a while" : ""
            throw DFSError(
                .failedPrecondition,
                "\(counts[.missing]) of \(counts.files) files have chunks without a complete copy; start the chunk "
                    + "servers that hold them\(hint)")
        }
    }

    private func show(_ file: CheckedFile) throws {
        if output.isJSON {
            try StandardOutput.print(json(file))
            return
        }
        try StandardOutput.print(
            "\(file.state.rawValue) \(file.length)\(file.isAppended ? "+" : "") \(file.chunkCount) \(file.path)")
        for chunk in file.chunks {
            try StandardOutput.print("  \(StatCommand.line(chunk)) \(chunk.servers.count)/\(file.replication)")
        }
    }

    private func json(_ file: CheckedFile) -> String {
        var members: [(String, JSONText)] = [
            ("path", .text(file.path)), ("state", .text(file.state.rawValue)), ("length", .number(file.length)),
            ("isAppended", .flag(file.isAppended)), ("replication", .number(file.replication)),
            ("chunkCount", .number(file.chunkCount)),
            ("healthyChunks", .number(file.healthyChunks)),
            ("underReplicatedChunks", .number(file.underReplicatedChunks)),
            ("missingChunks", .number(file.missingChunks)),
        ]
        if isLong { members.append(("chunks", .list(file.chunks.map(\.json)))) }
        return JSONText.object(members)
    }

    private func show(_ counts: Counts) throws {
        if output.isJSON {
            let states = CheckedFile.State.allCases.map { ($0.rawValue, JSONText.number(counts[$0])) }
            try StandardOutput.print(JSONText.object([("files", .number(counts.files))] + states))
        } else {
            let states = CheckedFile.State.allCases.map { "\(counts[$0]) \($0.rawValue)" }
            try StandardOutput.print("\(counts.files) files: " + states.joined(separator: ", "))
        }
    }
}
