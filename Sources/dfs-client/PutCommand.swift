import ArgumentParser
import DFSClient
import DFSCommandLine
import Logging

/// `put [-f] [-r] [-resume] [-fan-out] [-receipt <file>] [-attr <name>=<value>]... <local-file> <path>`
struct PutCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "put", summary: "Store a local file; done when every replica is on disk.",
        discussion: "With -r a folder: all that is in it comes to stand in <path>, which is made where missing.")
    static let flags = [replaceFlag, fanOutFlag, receiptFlag]
    static let replaceFlag = FlagDeclaration.toggle(
        "f", help: "put, mv: replace a file of that name; it goes to the trash.")
    private static let fanOutFlag = FlagDeclaration.toggle(
        "fan-out", help: "put: send each chunk to all its servers from here; otherwise the first one forwards it.")
    private static let receiptFlag = FlagDeclaration.value(
        "receipt", String.self, help: "put: append a line to this file about each file that is stored, for verify.",
        placeholder: "file")

    @Argument(help: "The file to store; - is standard input, up to its end.") var localFile: String
    @Argument(help: "Its path in the cluster.") var remoteName: String
    @Flag(Self.replaceFlag) var replaces = false
    @Flag(Self.fanOutFlag) var fansOut = false
    @Option(Self.receiptFlag) var receiptFile: String?
    @Flag(GetCommand.resumeFlag) var resumes = false
    @Flag(RemoveCommand.recursiveFlag) var isRecursive = false
    @Option(AttributeAssignment.flag) var attributes: [AttributeAssignment] = []
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        guard resumes else { return }
        guard localFile != "-" else {
            throw ValidationError("put -resume reads what is stored again; standard input cannot be read twice")
        }
        guard !isRecursive else { throw ValidationError("put -resume takes one file; leave -r out") }
    }

    func execute(logger: Logger) async throws {
        let options = PutOptions(
            replication: client.cluster.givenReplication, replacesExisting: replaces,
            attributes: try FileAttributes(attributes), forwardsChunks: !fansOut,
            receipts: try receiptFile.map { try ReceiptLog($0) },
            resumeKeep: resumes ? .seconds(24 * 3600) : nil)
        try await client.withClient(logger: logger) { client in
            guard isRecursive else { return try await put(options, client) }
            var report = TreeReport(done: "stored", logger: logger)
            try await report.run(remoteName) {
                try await client.putTree(localFile, as: remoteName, options: options, onEvent: $0)
            }
            try report.end()
        }
    }

    private func put(_ options: PutOptions, _ client: DFSClient) async throws {
        let line = ProgressLine("put \(remoteName)")
        defer { line.erase() }
        let result =
            if localFile == "-" {
                try await client.put(
                    from: 0, named: "standard input", as: remoteName, options: options, onProgress: line.handler)
            } else {
                try await client.put(localFile, as: remoteName, options: options, onProgress: line.handler)
            }
        line.erase()
        print(summary(of: result))
    }

    /// One line: what was stored and what its servers have promised.
    private func summary(of result: PutResult) -> String {
        let durable = result.chunks.map(\.durableOn.count).min() ?? 0
        let unverified = result.chunks.map(\.syncedUnverifiedOn.count).max() ?? 0
        var text = "\(result.name): \(result.length) bytes in \(result.chunks.count) chunks"
        text += ", durable replicas of each: \(durable)"
        if resumes {
            text += ", sent: \(result.length - result.resumedLength) bytes in "
            text += "\(result.chunks.count - result.resumedChunkCount) chunks"
        }
        if unverified > 0 { text += ", synced by Go servers and unverified: \(unverified)" }
        return text
    }
}
