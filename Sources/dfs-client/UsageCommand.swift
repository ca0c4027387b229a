import ArgumentParser
import DFSClient
import DFSCommandLine
import DFSCore
import Logging

/// `du [-json] [<path>]`
struct UsageCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "du", summary: "Sum up each entry of a folder, or each match of a pattern: bytes, bytes with copies, files.")

    @Argument(help: "The folder, a file or a pattern; without it the root.") var path = "/"
    @OptionGroup var output: OutputOptions
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    /// What an entry comes to, with all that is in it.
    private struct Usage {
        var bytes = 0
        var bytesWithCopies = 0
        var files = 0

        mutating func add(_ file: FileStatus) {
            guard !file.isFolder else { return }
            bytes += file.length
            bytesWithCopies += file.length * file.replication
            files += 1
        }

        mutating func add(_ other: Usage) {
            bytes += other.bytes
            bytesWithCopies += other.bytesWithCopies
            files += other.files
        }
    }

    func execute(logger: Logger) async throws {
        try await client.withClient(logger: logger) { client in
            var total = Usage()
            var isPattern = false
            try await client.forEachMatch(of: path) { match, status in
                guard let status, match != path else {
                    return try await showEntries(of: match, status, client)
                }
                isPattern = true
                let usage = try await usage(of: status, at: match, client)
                try show(usage, match)
                total.add(usage)
            }
            if isPattern { try show(total, ".") }
        }
    }

    /// One match of a pattern.
    private func usage(of status: FileStatus, at path: String, _ client: DFSClient) async throws -> Usage {
        var usage = Usage()
        usage.add(status)
        guard status.isFolder else { return usage }
        try await TreeWalk(client: client, root: path).run(isDeep: true) { usage.add($0.status) }
        return usage
    }

    private func showEntries(of path: String, _ known: FileStatus?, _ client: DFSClient) async throws {
        let status = if let known { known } else { try await client.status(of: path) }
        var total = Usage()
        guard status.isFolder else {
            total.add(status)
            try show(total, path)
            return
        }
        // In the order in which the entries were first seen.
        var names: [PathPart] = []
        var usages: [PathPart: Usage] = [:]
        try await TreeWalk(client: client, root: path).run(isDeep: true) { step in
            let name = PathPart(known: step.path.pathParts.first ?? step.path)
            if usages[name] == nil { names.append(name) }
            usages[name, default: Usage()].add(step.status)
            total.add(step.status)
        }
        for name in names { try show(usages[name] ?? Usage(), name.text) }
        try show(total, ".")
    }

    private func show(_ usage: Usage, _ path: String) throws {
        if output.isJSON {
            try StandardOutput.print(
                JSONText.object([
                    ("path", .text(path)), ("bytes", .number(usage.bytes)),
                    ("bytesWithCopies", .number(usage.bytesWithCopies)), ("files", .number(usage.files)),
                ]))
        } else {
            try StandardOutput.print("\(usage.bytes) \(usage.bytesWithCopies) \(usage.files) \(path)")
        }
    }
}
