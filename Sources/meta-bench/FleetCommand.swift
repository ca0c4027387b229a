import ArgumentParser
import BenchSupport
import DFSCore
import DFSMetadata
import DFSServices
import DFSWire
import NIOCore
import RPC

/// Plays chunk servers that hold two replicas of each file: registers them, and reports what they hold.
struct FleetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet", abstract: "Play the chunk servers; keeps them connected until killed.")

    @OptionGroup var options: MasterOptions
    @OptionGroup var population: PopulationOptions
    @Option(help: "Chunk servers.")
    var servers = 16
    @Flag(help: "As Go nodes: they register, and report nothing.")
    var go = false

    private static let reportCount = 20_000

    func run() async throws {
        let files = population.files
        let connections = try await MasterConnections(options, count: servers)
        for server in 0..<servers {
            let channel = connections.channels[server]
            let address = Self.address(of: server)
            let held = (0..<files.count).filter { $0 % servers == server || ($0 + 1) % servers == server }
            let registration = RegisterChunkServerRequest(
                serverAddress: address, freeStorage: 1 << 20, chunks: go ? [] : held.map { files.chunk(of: $0).text })
            _ = try await channel.unary(
                Methods.registerChunkServer, registration, as: RegisterChunkServerResponse.self)
            guard !go else { continue }
            for first in stride(from: 0, to: held.count, by: Self.reportCount) {
                let digests = held[first..<min(first + Self.reportCount, held.count)].map { file in
                    let digest = Population.digest(of: file)
                    return ChunkDigest(
                        chunkID: files.chunk(of: file).text, length: digest.length, crc32c: digest.crc32c)
                }
                let report = ReportRequest(
                    serverAddress: address, nodeID: "node-\(server)", chunks: digests)
                _ = try await channel.unary(Methods.report, report, as: ReportResponse.self)
            }
        }
        report(["servers": Double(servers), "seconds": connections.seconds])
        // Until killed: replicas count only while their servers are connected. A Go master wants to hear of them.
        while true {
            try await Task.sleep(for: .seconds(3))
            for server in 0..<(go ? servers : 0) {
                let registration = RegisterChunkServerRequest(
                    serverAddress: Self.address(of: server), freeStorage: 1 << 20)
                _ = try await connections.channels[server].unary(
                    Methods.registerChunkServer, registration, as: RegisterChunkServerResponse.self)
            }
        }
    }

    private static func address(of server: Int) -> String { "127.0.0.1:\(20_000 + server)" }
}
