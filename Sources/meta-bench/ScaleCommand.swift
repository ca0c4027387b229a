import ArgumentParser
import BenchSupport
import DFSCore
import DFSMetadata
import DFSServices
import DFSWire
import NIOCore
import RPC

/// Plays very many chunk servers of one master, each with very many chunks of the store: their first reports, and then their
/// heartbeats while some chunks change.
struct ScaleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "Play a large cluster's chunk servers, and measure their heartbeats.")

    @OptionGroup var options: MasterOptions
    @OptionGroup var population: PopulationOptions
    @Option(help: "Chunk servers.")
    var servers = 100
    @Option(help: "Changes of chunks a second, over all servers: each takes one away or brings one back.")
    var changes = 0.0
    @Option(help: "Seconds of heartbeats to measure.")
    var duration = 30.0
    @Option(help: "Seconds between the heartbeats of a server.")
    var interval = 5.0
    @Flag(help: "Whole lists, as Go nodes and older Swift nodes send them.")
    var lists = false

    func run() async throws {
        let connections = try await MasterConnections(options, count: servers)
        let changesPerBeat = Int((changes * interval / Double(servers)).rounded(.up))
        let master = options.masterPID
        let start = NIODeadline.now()
        let beats = BeatClock(interval: interval, duration: duration, servers: servers)
        let results = try await withThrowingTaskGroup(of: ServerResult.self) { tasks in
            for number in 0..<servers {
                let channel = connections.channels[number]
                let server = PlayedServer(number: number, of: servers, files: population.files)
                tasks.addTask(executorPreference: channel.executor) { [lists] in
                    lists
                        ? try await server.sendLists(over: channel, beats)
                        : try await server.sendDifferences(over: channel, beats, changesPerBeat: changesPerBeat)
                }
            }
            tasks.addTask { [servers] in
                await beats.waitUntilReported(servers)
                let cpu = (own: ProcessCPU.own(), master: master.flatMap { ProcessCPU.of(pid: $0) } ?? 0)
                let began = NIODeadline.now()
                beats.begin()
                try await Task.sleep(for: .seconds(beats.duration))
                let seconds = Double((NIODeadline.now() - began).nanoseconds) / 1e9
                return .window(
                    reported: Double((began - start).nanoseconds) / 1e9, seconds: seconds,
                    own: ProcessCPU.own() - cpu.own,
                    master: (master.flatMap { ProcessCPU.of(pid: $0) } ?? 0) - cpu.master)
            }
            return try await tasks.reduce(into: [ServerResult]()) { $0.append($1) }
        }
        var latencies = LatencyHistogram()
        var mismatches = 0
        for case .beats(let histogram, let wanted) in results {
            latencies.add(histogram)
            mismatches += wanted
        }
        for case .window(let reported, let seconds, let own, let masterCPU) in results {
            report([
                "servers": Double(servers),
                "chunks_per_server": Double(PlayedServer.chunkCount(of: servers, population.files)),
                "reported_s": reported, "beats": Double(latencies.count), "seconds": seconds,
                "p50_ms": latencies.microseconds(below: 0.5) / 1000,
                "p99_ms": latencies.microseconds(below: 0.99) / 1000,
                "longest_ms": Double(latencies.longest) / 1e6, "master_cpu_per_s": masterCPU / seconds,
                "own_cpu_per_s": own / seconds, "changes_per_s": Double(changesPerBeat * servers) / interval,
                "full_reports_wanted": Double(mismatches),
            ])
        }
    }
}

/// What one of the tasks measured.
enum ServerResult: Sendable {
    case beats(LatencyHistogram, fullReportsWanted: Int)
    case window(reported: Double, seconds: Double, own: Double, master: Double)
}
