import ArgumentParser
import BenchSupport
import DFSFiles
import Logging
import NIOCore
import NIOPosix
import RPC

/// Drives a gRPC server and prints one JSON line.
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "load", abstract: "Drive a server and measure.")

    enum Kind: String, ExpressibleByArgument, CaseIterable { case unary, upload, download, idle }

    @Argument(help: "host:port of the server.")
    var server: String
    @Option(help: "What to do: \(Kind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var kind = Kind.unary
    @Option(help: "Connections.")
    var connections = 1
    @Option(help: "Calls at once, over all connections.")
    var concurrency = 1
    @Option(help: "Bytes of a message.")
    var payload = 0
    @Option(help: "Seconds to go on for (unary, idle).")
    var duration = 5.0
    @Option(help: "Bytes to move in all (upload, download).")
    var total = 1 << 30
    @Option(help: "Process of the server, for its CPU time.")
    var serverPID: Int?
    @Option(help: "Event loops.")
    var threads = 1
    @Option(help: "PEM file of those who signed the server's certificate; TLS is spoken then.")
    var tlsCA: String?

    func run() async throws {
        // As the programs do that move bulk data.
        ProcessMemory.keepFreedBuffers()
        let address = try HostAndPort(server)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, threads))
        var configuration = ClientChannel.Configuration()
        configuration.maxReceiveMessageBytes = 16 << 20
        configuration.maxSendMessageBytes = 16 << 20
        let logger = Logger(label: "rpc-bench")
        configuration.tls = try tlsCA.map { try ClientTLS(ClientTLS.Configuration(trust: .file($0)), logger: logger) }
        let settings = configuration
        let channels = (0..<max(1, connections)).map { _ in
            ClientChannel(
                host: address.host, port: address.port, group: group, configuration: settings,
                logger: logger)
        }
        for channel in channels { _ = try await channel.unary(BenchMethods.echo, RPCMessage(ByteBuffer())) }
        let before = (
            own: ProcessCPU.own(), server: serverPID.flatMap { ProcessCPU.of(pid: $0) }, time: NIODeadline.now()
        )
        let result =
            switch kind {
            case .unary: try await unary(channels)
            case .upload, .download: try await stream(channels)
            case .idle: try await idle()
            }
        let seconds = Double((NIODeadline.now() - before.time).nanoseconds) / 1e9
        let serverCPU = serverPID.flatMap { ProcessCPU.of(pid: $0) }.flatMap { now in before.server.map { now - $0 } }
        report(result, seconds: seconds, ownCPU: ProcessCPU.own() - before.own, serverCPU: serverCPU)
        for channel in channels { await channel.close() }
    }

    private struct Result: Sendable {
        var latencies = LatencyHistogram()
        var byteCount = 0
    }

    /// `concurrency` callers, each with one call after the other.
    private func unary(_ channels: [ClientChannel]) async throws -> Result {
        let end = NIODeadline.now() + .nanoseconds(Int64(duration * 1e9))
        let request = RPCMessage(ByteBuffer(repeating: 7, count: payload))
        return try await callers(channels) { channel in
            var result = Result()
            while true {
                let start = NIODeadline.now()
                if start >= end { return result }
                _ = try await channel.unary(BenchMethods.echo, request)
                result.latencies.add(nanoseconds: (NIODeadline.now() - start).nanoseconds)
            }
        }
    }

    private func stream(_ channels: [ClientChannel]) async throws -> Result {
        let size = max(1, payload)
        let count = max(1, total / size / max(1, concurrency))
        let isUpload = kind == .upload
        return try await callers(channels) { channel in
            if isUpload {
                let data = RPCMessage(ByteBuffer(repeating: 7, count: size))
                try await channel.withCall(BenchMethods.upload) { call in
                    for _ in 0..<count { try await call.send(data) }
                    call.finishSending()
                    while try await call.receive() != nil {}
                }
            } else {
                let request = DownloadRequest(messageSize: UInt32(size), messageCount: UInt64(count)).message
                try await channel.withCall(BenchMethods.download) { call in
                    try await call.send(request)
                    call.finishSending()
                    while try await call.receive() != nil {}
                }
            }
            return Result(byteCount: size * count)
        }
    }

    private func idle() async throws -> Result {
        try await Task.sleep(for: .seconds(duration))
        return Result()
    }

    /// Runs `concurrency` callers, spread over the channels, each on its channel's event loop.
    private func callers(
        _ channels: [ClientChannel], _ body: @escaping @Sendable (ClientChannel) async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { tasks in
            for index in 0..<max(1, concurrency) {
                let channel = channels[index % channels.count]
                tasks.addTask(executorPreference: channel.executor) { try await body(channel) }
            }
            return try await tasks.reduce(into: Result()) { all, one in
                all.latencies.add(one.latencies)
                all.byteCount += one.byteCount
            }
        }
    }

    private func report(_ result: Result, seconds: Double, ownCPU: Double, serverCPU: Double?) {
        func field(_ name: String, _ value: Double) -> String { "\"\(name)\":\((value * 1000).rounded() / 1000)" }
        var fields = [field("seconds", seconds), field("client_cpu_s", ownCPU)]
        if let serverCPU { fields.append(field("server_cpu_s", serverCPU)) }
        if result.latencies.count > 0 {
            let calls = Double(result.latencies.count)
            fields += [
                field("calls", calls), field("calls_per_s", calls / seconds),
                field("p50_us", result.latencies.microseconds(below: 0.5)),
                field("p99_us", result.latencies.microseconds(below: 0.99)),
                field("p999_us", result.latencies.microseconds(below: 0.999)),
                field("client_us_per_call", ownCPU / calls * 1e6),
            ]
            if let serverCPU { fields.append(field("server_us_per_call", serverCPU / calls * 1e6)) }
        }
        if result.byteCount > 0 {
            let gib = Double(result.byteCount) / Double(1 << 30)
            fields += [
                field("mb_per_s", Double(result.byteCount) / 1e6 / seconds),
                field("client_cpu_s_per_gib", ownCPU / gib),
            ]
            if let serverCPU { fields.append(field("server_cpu_s_per_gib", serverCPU / gib)) }
        }
        print("{\(fields.joined(separator: ","))}")
    }
}
