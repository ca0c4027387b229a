import ArgumentParser
import BenchSupport
import DFSCore
import DFSServices
import DFSWire
import Logging
import NIOCore
import NIOPosix
import RPC

/// The master to drive, and how.
struct MasterOptions: ParsableArguments {
    @Argument(help: "host:port of the master.")
    var master: String
    @Option(help: "Process of the master, for its CPU time.")
    var masterPID: Int?
    @Option(help: "Event loops.")
    var threads = 1
}

/// Connections to the master, and the time and CPU that were used since they were made.
struct MasterConnections: Sendable {
    let channels: [ClientChannel]
    private let masterPID: Int?
    private let start: NIODeadline
    private let ownCPU: Double
    private let masterCPU: Double?

    /// Not connected before they are used.
    private let spares: [ClientChannel]

    /// Connects `count` times.
    ///
    /// - Parameter spares: more connections, to be made when they are used.
    init(_ options: MasterOptions, count: Int, spares: Int = 0) async throws {
        let address = try HostAndPort(options.master)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, options.threads))
        var configuration = ClientChannel.Configuration()
        configuration.maxSendMessageBytes = 64 << 20
        configuration.maxReceiveMessageBytes = 64 << 20
        let settings = configuration
        func connect(_ count: Int) -> [ClientChannel] {
            (0..<count).map { _ in
                ClientChannel(
                    host: address.host, port: address.port, group: group, configuration: settings,
                    logger: Logger(label: "meta-bench"))
            }
        }
        channels = connect(max(1, count))
        self.spares = connect(spares)
        // Any answer will do: Go masters know no Describe.
        for channel in channels { _ = try await channel.describe(peer: "master") }
        masterPID = options.masterPID
        ownCPU = ProcessCPU.own()
        masterCPU = masterPID.flatMap { ProcessCPU.of(pid: $0) }
        start = NIODeadline.now()
    }

    /// The connection of a client: its first one, or one of the spares, which its turns take one after the other.
    func channel(_ client: Int, _ turn: Int) -> ClientChannel {
        turn == 0 ? channels[client % channels.count] : spares[(client * 7 + turn) % spares.count]
    }

    /// Seconds since the connections were made.
    var seconds: Double { Double((NIODeadline.now() - start).nanoseconds) / 1e9 }

    /// Runs `clients` loops for `duration` seconds, spread over the connections, each on its connection's event loop; each
    /// makes one call after the other.
    func run(
        clients: Int, duration: Double,
        _ call: @escaping @Sendable (_ client: Int, _ number: Int, ClientChannel) async throws -> Void
    ) async throws -> LatencyHistogram {
        let end = NIODeadline.now() + .nanoseconds(Int64(duration * 1e9))
        return try await withThrowingTaskGroup(of: LatencyHistogram.self) { tasks in
            for client in 0..<max(1, clients) {
                let channel = channels[client % channels.count]
                tasks.addTask(executorPreference: channel.executor) {
                    var latencies = LatencyHistogram()
                    var number = 0
                    while true {
                        let start = NIODeadline.now()
                        if start >= end { return latencies }
                        try await call(client, number, channel)
                        latencies.add(nanoseconds: (NIODeadline.now() - start).nanoseconds)
                        number += 1
                    }
                }
            }
            return try await tasks.reduce(into: LatencyHistogram()) { $0.add($1) }
        }
    }

    /// Prints what the calls took.
    func reportCalls(_ latencies: LatencyHistogram) {
        let seconds = seconds
        let calls = Double(latencies.count)
        let master = masterPID.flatMap { ProcessCPU.of(pid: $0) }.flatMap { now in masterCPU.map { now - $0 } } ?? 0
        report([
            "calls": calls, "calls_per_s": calls / seconds, "p50_us": latencies.microseconds(below: 0.5),
            "p99_us": latencies.microseconds(below: 0.99),
            "client_us_per_call": (ProcessCPU.own() - ownCPU) / calls * 1e6,
            "master_us_per_call": master / calls * 1e6,
        ])
    }
}
