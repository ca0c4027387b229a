import Foundation
import Glibc
import Synchronization
import TestCertificates

/// A master and chunk servers as real processes of the built binaries, on loopback, in a temporary folder.
final class Cluster: Sendable {
    /// What a cluster is started with.
    struct Setup: Sendable {
        var chunkServers = 2
        var chunkSize = "1MB"
        var replication = 2
        /// Short, so that a test of a dead server takes a moment.
        var liveThreshold = "2s"
        var heartbeatInterval = "200ms"
        var drainLimit = "10s"
        /// Clients read replicas from their files, as they do by default; otherwise over connections, as those on other
        /// machines do.
        var readsLocalFiles = false
        /// Nodes serve TLS too, with certificates of this authority.
        var authority: TestAuthority?
    }

    let folder: TestFolder
    let masterPort: UInt16
    let serverPorts: [UInt16]
    /// Where a chunk server that is told to can show how it is.
    let serverPagePorts: [UInt16]

    private let setup: Setup
    private let masterTLSPort: UInt16
    private let serverTLSPorts: [UInt16]
    private let identity: TestAuthority.Identity?
    private let processes = Mutex<[String: ChildProcess]>([:])
    private let runs = Atomic<Int>(0)

    /// Runs `body` on a cluster whose chunk servers have all joined; stops and removes it all afterwards.
    static func run(_ setup: Setup = Setup(), _ body: (Cluster) async throws -> Void) async throws {
        let cluster = try Cluster(setup)
        do {
            try await cluster.start()
            try await body(cluster)
        } catch {
            let logs = cluster.logTails()
            await cluster.stop()
            throw FixtureError("\(error)\n\(logs)")
        }
        await cluster.stop()
    }

    private init(_ setup: Setup) throws {
        self.setup = setup
        folder = try TestFolder()
        masterPort = try LoopbackPort.free()
        serverPorts = try (0..<setup.chunkServers).map { _ in try LoopbackPort.free() }
        serverPagePorts = try (0..<setup.chunkServers).map { _ in try LoopbackPort.free() }
        masterTLSPort = try LoopbackPort.free()
        serverTLSPorts = try (0..<setup.chunkServers).map { _ in try LoopbackPort.free() }
        identity = try setup.authority?.issue("node")
    }

    private func start() async throws {
        try await startMaster()
        for index in serverPorts.indices { try await startServer(index) }
        if serverPorts.count >= setup.replication { try await awaitJoined() }
    }

    private func stop() async {
        let all = processes.withLock { Array($0.values) }
        for process in all { process.send(SIGKILL) }
        for process in all { _ = try? await process.waitForEnd() }
        folder.remove()
    }

    // MARK: Nodes

    var masterAddress: String { "127.0.0.1:\(masterPort)" }
    var secureMasterAddress: String { "127.0.0.1:\(masterTLSPort)" }
    var metaFolder: String { folder.file("meta") }
    func serverAddress(_ index: Int) -> String { "127.0.0.1:\(serverPorts[index])" }
    func serverFolder(_ index: Int) -> String { folder.file("cs\(index)") }

    var master: ChildProcess? { processes.withLock { $0["master"] } }
    func server(_ index: Int) -> ChildProcess? { processes.withLock { $0["cs\(index)"] } }

    private var clusterFlags: [String] {
        [
            "-chunk-size", setup.chunkSize, "-replication", "\(setup.replication)", "-live-threshold",
            setup.liveThreshold, "-heartbeat-interval", setup.heartbeatInterval, "-drain-limit", setup.drainLimit,
            "-log-level", "debug",
        ]
    }

    private func tlsFlags(port: UInt16) -> [String] {
        guard let identity else { return [] }
        return ["-tls-listen", "127.0.0.1:\(port)", "-tls-cert", identity.certificate, "-tls-key", identity.key]
    }

    /// Starts the master, also again after ``killMaster()``, and waits until it listens.
    func startMaster(extra: [String] = []) async throws {
        let flags =
            ["-listen", masterAddress, "-meta-dir", metaFolder] + clusterFlags + tlsFlags(port: masterTLSPort) + extra
        let process = try ChildProcess(BuiltBinaries.master, flags, log: folder.file("master"))
        processes.withLock { $0["master"] = process }
        try await awaitListening(masterPort, process)
    }

    /// Starts chunk server `index`, also again after ``killServer(_:)``, and waits until it listens.
    func startServer(_ index: Int, extra: [String] = []) async throws {
        let flags =
            ["-port", serverAddress(index), "-master", masterAddress, "-dir", serverFolder(index)]
            + clusterFlags + tlsFlags(port: serverTLSPorts[index]) + extra
        let process = try ChildProcess(BuiltBinaries.chunkServer, flags, log: folder.file("cs\(index)"))
        processes.withLock { $0["cs\(index)"] = process }
        try await awaitListening(serverPorts[index], process)
    }

    /// The settings that all nodes of the cluster share, as environment variables.
    var settings: [String: String] {
        [
            "DFS_CHUNK_SIZE": setup.chunkSize, "DFS_REPLICATION": "\(setup.replication)",
            "DFS_LIVE_THRESHOLD": setup.liveThreshold, "DFS_HEARTBEAT_INTERVAL": setup.heartbeatInterval,
        ]
    }

    /// Takes a node that was started by other means for the master, or chunk server `index`, and waits until it listens.
    func adopt(_ process: ChildProcess, _ index: Int?) async throws {
        processes.withLock { $0[index.map { "cs\($0)" } ?? "master"] = process }
        try await awaitListening(index.map { serverPorts[$0] } ?? masterPort, process)
    }

    /// SIGTERM, and wait for the end, which must be a good one.
    func stopMaster() async throws { try await Self.stop(master, within: .seconds(20)) }
    func stopServer(_ index: Int, within limit: Duration = .seconds(20)) async throws {
        try await Self.stop(server(index), within: limit)
    }

    private static func stop(_ process: ChildProcess?, within limit: Duration) async throws {
        process?.send(SIGTERM)
        let end = try await process?.waitForEnd(within: limit)
        guard end == .exited(0) else { throw FixtureError("a node told to stop ended so: \(String(describing: end))") }
    }

    func killMaster() async throws { try await master?.kill() }
    func killServer(_ index: Int) async throws { try await server(index)?.kill() }

    private func awaitListening(_ port: UInt16, _ process: ChildProcess) async throws {
        try await eventually(within: .seconds(15), "listening on \(port)") {
            if let end = process.ended { throw FixtureError("the node ended: \(end)\n\(process.stderr)") }
            return LoopbackPort.isListening(port)
        }
    }

    /// Waits until the master places files, which takes as many live chunk servers as replicas.
    func awaitJoined() async throws {
        let empty = try folder.randomFile("empty", bytes: 0)
        try await eventually(within: .seconds(30), "a put of an empty file") {
            try await self.client("put", empty, "probe-\(self.nextRun())").status == 0
        }
    }

    // MARK: Client

    /// What a run of `dfs-client` gave.
    struct ClientResult: Sendable {
        /// The exit status; 128 + signal where one ended it.
        let status: Int32
        let stdout: String
        let stderr: String
        let peakKiB: Int
    }

    /// Starts `dfs-client` with the cluster's master and does not wait for it.
    func startClient(_ arguments: [String], environment: [String: String] = [:]) throws -> ChildProcess {
        try ChildProcess(
            BuiltBinaries.client, ["-master", masterAddress] + arguments, log: folder.file("client-\(nextRun())"),
            environment: clientEnvironment.merging(environment) { _, new in new })
    }

    /// For a shell that runs `$dfs`.
    var clientEnvironment: [String: String] {
        [
            "DFS_MASTER": masterAddress, "DFS_SHORT_CIRCUIT": setup.readsLocalFiles ? "on" : "off",
            "dfs": BuiltBinaries.client,
        ]
    }

    /// Runs `dfs-client` to its end.
    func client(_ arguments: String..., within limit: Duration = .seconds(120)) async throws -> ClientResult {
        try await finish(startClient(arguments), within: limit)
    }

    /// Waits for a client and takes its output.
    func finish(_ process: ChildProcess, within limit: Duration = .seconds(120)) async throws -> ClientResult {
        let end = try await process.waitForEnd(within: limit)
        let status: Int32 =
            switch end {
            case .exited(let code): code
            case .signalled(let signal): 128 + signal
            }
        return ClientResult(
            status: status, stdout: process.stdout, stderr: process.stderr, peakKiB: process.peakKiB)
    }

    func nextRun() -> Int { runs.add(1, ordering: .relaxed).newValue }

    /// The ends of all node logs, for a failing test.
    private func logTails() -> String {
        processes.withLock { $0 }.sorted { $0.key < $1.key }.map { name, process in
            "--- \(name)\n" + process.stderr.split(separator: "\n").suffix(15).joined(separator: "\n")
        }.joined(separator: "\n")
    }
}
