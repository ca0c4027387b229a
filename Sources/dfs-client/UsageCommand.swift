import ArgumentParser
import DFSClient
import DFSCommandLine
import Logging

/// `du [-json] [<folder>]`
struct UsageCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "du", summary: "Sum up each entry of a folder: bytes, bytes with all wanted copies, files.")

    @Argument(help: "The folder; without it the root.") var path = "/"
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
    }

    func execute(logger: Logger) async throws {
        try await client.withClient(logger: logger) { client in
            let status = try await client.status(of: path)
            var total = Usage()
            guard status.isFolder else {
                total.add(status)
                show(total, path)
                return
            }
            // In the order in which the entries were first seen.
            var names: [String] = []
            var usages: [String: Usage] = [:]
            try await TreeWalk(client: client, root: path == "/" ? "" : path).run(isDeep: true) { step in
                let name = String(step.path.prefix { $0 != "/" })
                if usages[name] == nil { names.append(name) }
                usages[name, default: Usage()].add(step.status)
                total.add(step.status)
            }
            for name in names { show(usages[name] ?? Usage(), name) }
            show(total, ".")
        }
    }

    private func show(_ usage: Usage, _ path: String) {
        if output.isJSON {
            print(
                JSONText.object([
                    ("path", .text(path)), ("bytes", .number(usage.bytes)),
                    ("bytesWithCopies", .number(usage.bytesWithCopies)), ("files", .number(usage.files)),
                ]))
        } else {
            print("\(usage.bytes) \(usage.bytesWithCopies) \(usage.files) \(path)")
        }
    }
}
