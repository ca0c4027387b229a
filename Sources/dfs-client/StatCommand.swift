import ArgumentParser
import DFSClient
import DFSCommandLine
import DFSCore
import Logging

/// `stat <remote-name>`
struct StatCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "stat", summary: "List the chunks of a file with lengths, checksums and replicas.")

    @Argument(help: "The file's name in the cluster.") var remoteName: String
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    func execute(logger: Logger) async throws {
        try await client.withClient(logger: logger) { client in
            let layout = try await client.stat(remoteName)
            let length = layout.length.map { "\($0) bytes" } ?? "unknown length"
            print("\(layout.name): \(length) in \(layout.chunks.count) chunks of up to \(layout.chunkSize) bytes")
            for chunk in layout.chunks { print(Self.line(chunk)) }
        }
    }

    /// `<index> <chunk id> <bytes> <crc32c> <server>,<server>`; `?` where unknown.
    private static func line(_ chunk: ChunkLocation) -> String {
        let length = chunk.length.map { "\($0)" } ?? "?"
        let crc32c = chunk.crc32c.map { hex(UInt64($0), digits: 8) } ?? "?"
        return "\(chunk.index) \(chunk.id) \(length) \(crc32c) \(chunk.servers.joined(separator: ","))"
    }
}
