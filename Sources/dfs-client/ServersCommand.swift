import ArgumentParser
import DFSClient
import DFSCommandLine
import DFSCore
import Logging

/// `df [-json]`
struct ServersCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "df", summary: "List the chunk servers: address, kind, free bytes, chunks, alive or silent since when.",
        discussion: "The last line is the total of those that are alive.")

    @OptionGroup var output: OutputOptions
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    /// What the live servers come to.
    private struct Total {
        var servers = 0
        var liveServers = 0
        var freeBytes = 0
        var usedBytes = 0
        var chunks = 0

        mutating func add(_ server: ServerStatus) {
            servers += 1
            guard server.isAlive else { return }
            liveServers += 1
            freeBytes = Self.sum(freeBytes, server.freeBytes)
            usedBytes = Self.sum(usedBytes, server.usedBytes)
            chunks += server.chunkCount
        }

        /// A server may tell any number.
        private static func sum(_ one: Int, _ other: Int) -> Int {
            let (sum, overflows) = one.addingReportingOverflow(other)
            return overflows ? .max : sum
        }
    }

    func execute(logger: Logger) async throws {
        try await client.withClient(logger: logger) { client in
            var total = Total()
            for try await server in client.servers() {
                total.add(server)
                try show(server)
            }
            try show(total)
        }
    }

    private func show(_ server: ServerStatus) throws {
        if output.isJSON {
            try StandardOutput.print(
                JSONText.object([
                    ("address", .text(server.address)), ("kind", .text(server.kind.rawValue)),
                    ("nodeID", .text(server.nodeID)), ("location", .text(server.location)),
                    ("isAlive", .flag(server.isAlive)),
                    ("lastHeardAt", .number(server.lastHeardAt)), ("freeBytes", .number(server.freeBytes)),
                    ("usedBytes", .number(server.usedBytes)),
                    ("chunks", .number(server.chunkCount)), ("orphans", .number(server.orphanCount)),
                ]))
        } else {
            let life = server.isAlive ? "alive" : "silent since \(time(server.lastHeardAt))"
            try StandardOutput.print(
                "\(server.address) \(server.kind.rawValue) \(server.freeBytes) \(server.chunkCount) \(life)"
                    + (server.orphanCount > 0 ? ", \(server.orphanCount) chunks of no file" : ""))
        }
    }

    private func show(_ total: Total) throws {
        if output.isJSON {
            try StandardOutput.print(
                JSONText.object([
                    ("servers", .number(total.servers)), ("liveServers", .number(total.liveServers)),
                    ("freeBytes", .number(total.freeBytes)), ("usedBytes", .number(total.usedBytes)),
                    ("chunks", .number(total.chunks)),
                ]))
        } else {
            try StandardOutput.print(
                "total - \(total.freeBytes) \(total.chunks) \(total.liveServers) of \(total.servers) alive")
        }
    }
}
