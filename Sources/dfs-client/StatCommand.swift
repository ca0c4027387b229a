import ArgumentParser
import DFSClient
import DFSCommandLine
import DFSCore
import Logging

/// `stat [-json] <path>`
struct StatCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "stat", summary: "Tell length, checksum and attributes of a file, and list its chunks.")

    @Argument(help: "The file's path in the cluster, or a pattern.") var remoteName: String
    @OptionGroup var output: OutputOptions
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    func execute(logger: Logger) async throws {
        try await client.withClient(logger: logger) { client in
            try await client.forEachMatch(of: remoteName) { path, status in
                if let status, status.isFolder {
                    try StandardOutput.print(output.isJSON ? status.json(path: path) : "\(path)/: a folder")
                } else {
                    try show(try await client.stat(path))
                }
            }
        }
    }

    private func show(_ layout: FileLayout) throws {
        if output.isJSON {
            try StandardOutput.print(Self.json(layout))
            return
        }
        let length = layout.length.map { "\($0) bytes" } ?? "unknown length"
        let checksum = layout.crc32c.map { ", crc32c \(hex(UInt64($0), digits: 8))" } ?? ""
        try StandardOutput.print(
            "\(layout.name): \(length) in \(layout.chunks.count) chunks of up to \(layout.chunkSize) bytes\(checksum)")
        for attribute in layout.attributes.all {
            try StandardOutput.print(
                "attribute \(JSONLine.string(attribute.name)): \(JSONLine.string(attribute.value))")
        }
        for chunk in layout.chunks { try StandardOutput.print(Self.line(chunk)) }
    }

    /// `<index> <chunk id> <bytes> <crc32c> <server>,<server>`; `?` where unknown.
    static func line(_ chunk: ChunkLocation) -> String {
        let length = chunk.length.map { "\($0)" } ?? "?"
        let crc32c = chunk.crc32c.map { hex(UInt64($0), digits: 8) } ?? "?"
        return "\(chunk.index) \(chunk.id) \(length) \(crc32c) \(chunk.servers.joined(separator: ","))"
    }

    /// One line a file.
    private static func json(_ layout: FileLayout) -> String {
        JSONText.object([
            ("path", .text(layout.name)), ("length", layout.length.map { .number($0) } ?? .null),
            ("crc32c", layout.crc32c.map { .text(hex(UInt64($0), digits: 8)) } ?? .null),
            ("attributes", layout.attributes.json), ("chunkSize", .number(layout.chunkSize)),
            ("chunks", .list(layout.chunks.map(\.json))),
        ])
    }
}

extension ChunkLocation {
    /// The members are those of the type; the checksum in hexadecimal, `null` where unknown.
    var json: JSONText {
        .members([
            ("index", .number(index)), ("id", .text(id)), ("length", length.map { .number($0) } ?? .null),
            ("crc32c", crc32c.map { .text(hex(UInt64($0), digits: 8)) } ?? .null),
            ("servers", .list(servers.map { .text($0) })),
        ])
    }
}
