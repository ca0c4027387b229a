import ArgumentParser
import BenchSupport
import DFSCore
import DFSServices
import DFSWire
import NIOCore
import RPC

/// Begins files, each client over its own connection.
struct CreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create files, and count what was acknowledged as durable.")

    @OptionGroup var options: MasterOptions
    @Option(help: "Clients, each with a connection and one call at a time.")
    var clients = 1
    @Option(help: "Seconds to go on for.")
    var duration = 5.0
    @Option(help: "What the files' names begin with.")
    var prefix = "created"

    func run() async throws {
        // A connection may hold so many unfinished uploads, and a half more; then its client goes on over another one.
        let filesPerConnection = 5000
        let clients = clients
        let connections = try await MasterConnections(options, count: clients, spares: 200_000 / filesPerConnection)
        let prefix = prefix
        let latencies = try await connections.run(clients: clients, duration: duration) { client, number, _ in
            let channel = connections.channel(client, number / filesPerConnection)
            let request = CreateRequest(name: "\(prefix)/client-\(client)/file-\(number)", replication: 2)
            _ = try await channel.unary(Methods.create, request, as: CreateResponse.self)
        }
        connections.reportCalls(latencies)
    }
}

/// Asks where the chunks of files are, as Go clients do.
struct InfoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "info", abstract: "Call GetFileInfo.")

    @OptionGroup var options: MasterOptions
    @OptionGroup var population: PopulationOptions
    @Option(help: "Calls at once.")
    var clients = 64
    @Option(help: "Connections.")
    var connections = 4
    @Option(help: "Seconds to go on for.")
    var duration = 5.0
    @Option(help: "Files to allocate first, by AllocateChunk as a Go client would; those are asked for then.")
    var allocate = 0

    func run() async throws {
        let files = population.files
        let names = (0..<1000).map { files.name(of: $0 * files.count / 1000).text }
        if allocate > 0 { try await allocateAll(names) }
        let connections = try await MasterConnections(options, count: connections)
        let latencies = try await connections.run(clients: clients, duration: duration) { client, number, channel in
            let name = names[(client &* 7919 &+ number &* 104_729) % names.count]
            let answer = try await channel.unary(
                Methods.getFileInfo, GetFileInfoRequest(fileName: name), as: GetFileInfoResponse.self)
            guard answer.fileInfo.first?.replicaServers.count == 2 else {
                throw DFSError(.internal, "\(name) has not two replicas: \(answer)")
            }
        }
        connections.reportCalls(latencies)
    }

    private func allocateAll(_ names: [String]) async throws {
        let connection = try await MasterConnections(options, count: 1)
        for name in names {
            let request = AllocateChunkRequest(fileName: name, chunkIndex: 0)
            _ = try await connection.channels[0].unary(Methods.allocateChunk, request, as: AllocateChunkResponse.self)
        }
    }
}

/// Lists the big folder to its end.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the big folder, page by page.")

    @OptionGroup var options: MasterOptions

    func run() async throws {
        let connection = try await MasterConnections(options, count: 1)
        var cursor = ""
        var count = 0
        while true {
            let page = try await connection.channels[0].unary(
                Methods.list, ListRequest(folder: Population.bigFolder, after: cursor), as: ListResponse.self)
            count += page.nodes.count
            cursor = page.nodes.last?.name ?? ""
            if !page.hasMore { break }
        }
        report(["entries": Double(count), "seconds": connection.seconds])
    }
}

/// Sends heartbeats without a pause and tells the longest wait for an answer, until standard input ends.
struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Measure how long heartbeats wait.")

    @OptionGroup var options: MasterOptions
    @Option(help: "Seconds to go on for.")
    var duration = 5.0
    @Option(help: "Milliseconds between two heartbeats.")
    var interval = 2

    func run() async throws {
        let connection = try await MasterConnections(options, count: 1)
        let end = NIODeadline.now() + .nanoseconds(Int64(duration * 1e9))
        let beat = HeartbeatRequest(serverAddress: "127.0.0.1:19999", freeStorage: 1 << 20)
        let interval = interval
        let latencies = try await connection.channels[0].withCall(Methods.heartbeat) { call in
            var latencies = LatencyHistogram()
            while NIODeadline.now() < end {
                let start = NIODeadline.now()
                try await call.send(beat)
                guard try await call.receive(HeartbeatResponse.self) != nil else { break }
                latencies.add(nanoseconds: (NIODeadline.now() - start).nanoseconds)
                try await Task.sleep(for: .milliseconds(interval))
            }
            call.finishSending()
            while try await call.receive(HeartbeatResponse.self) != nil {}
            return latencies
        }
        report([
            "heartbeats": Double(latencies.count), "p50_ms": latencies.microseconds(below: 0.5) / 1000,
            "p99_ms": latencies.microseconds(below: 0.99) / 1000, "longest_ms": Double(latencies.longest) / 1e6,
        ])
    }
}
