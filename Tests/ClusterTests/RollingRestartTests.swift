import DFSClient
import Foundation
import Logging
import Synchronization
import Testing

extension ClusterTests {
    /// Every node restarted in turn while clients go on.
    @Suite struct RollingRestartTests {
        /// Once with time to drain; once with none, so that transfers are cut, and with servers that are taken for dead while
        /// they are away.
        @Test(arguments: [("30s", "10s"), ("2s", "0s")])
        func noClientOperationFailsWhileEveryNodeIsRestartedInTurn(liveThreshold: String, drainLimit: String)
            async throws
        {
            let setup = Cluster.Setup(chunkServers: 3, liveThreshold: liveThreshold, drainLimit: drainLimit)
            try await Cluster.run(setup) { cluster in
                let load = try SteadyLoad(cluster, clients: 3)
                try await withThrowingTaskGroup { tasks in
                    for client in 0..<load.clientCount { tasks.addTask { try await load.run(client) } }
                    defer { load.stop() }
                    try await load.awaitRound(after: load.rounds)
                    try await cluster.stopMaster()
                    try await cluster.startMaster()
                    try await load.awaitRound(after: load.rounds)
                    for index in 0..<3 {
                        try await cluster.stopServer(index)
                        let rounds = load.rounds
                        try await load.awaitRound(after: rounds)
                        try await cluster.startServer(index)
                        try await load.awaitRound(after: load.rounds)
                    }
                }
                await load.close()
                #expect(load.failures.isEmpty, "\(load.failures.joined(separator: "\n"))")
                #expect(load.rounds.allSatisfy { $0 >= 8 }, "\(load.rounds)")
            }
        }
    }
}

/// Clients that put a file, get it back, and get an older one, until they are told to stop: one that keeps its connections,
/// and others that are a process for each operation.
private final class SteadyLoad: Sendable {
    private struct State {
        var rounds: [Int]
        var failures: [String] = []
        var isStopped = false
    }

    let clientCount: Int
    private let cluster: Cluster
    private let source: String
    private let lasting: DFSClient
    private let state: Mutex<State>

    init(_ cluster: Cluster, clients: Int) throws {
        self.cluster = cluster
        clientCount = clients
        source = try cluster.folder.randomFile("load", bytes: (5 << 20) + 7)
        // It tells of each replica that is away.
        lasting = try DFSClient(
            master: cluster.masterAddress, logger: Logger(label: "load") { _ in SwiftLogNoOpLogHandler() })
        state = Mutex(State(rounds: Array(repeating: 0, count: clients)))
    }

    /// Rounds that each client has done.
    var rounds: [Int] { state.withLock { $0.rounds } }
    /// What went wrong, one line an operation.
    var failures: [String] { state.withLock { $0.failures } }

    func stop() { state.withLock { $0.isStopped = true } }

    /// Waits until every client has done a whole round since it had done `before` of them.
    func awaitRound(after before: [Int]) async throws {
        try await eventually(within: .seconds(60), "a round of every client") {
            zip(self.rounds, before).allSatisfy { $0 > $1 + 1 }
        }
    }

    func run(_ client: Int) async throws {
        var round = 0
        while !state.withLock({ $0.isStopped }) {
            let name = "f\(client)-\(round)"
            let isLasting = client == 0
            await attempt("put \(name)") {
                if isLasting {
                    try await self.lasting.put(self.source, as: name)
                } else {
                    try await self.cluster.put(self.source, as: name)
                }
            }
            for name in [name, "f\(client)-\(round / 2)"] {
                await attempt("get \(name)") {
                    let isWhole = isLasting ? try await self.getLasting(name) : try await self.getAnew(name)
                    guard isWhole else { throw FixtureError("\(name) is not what was put") }
                }
            }
            round += 1
            state.withLock { $0.rounds[client] = round }
        }
    }

    /// Ends the client that keeps its connections.
    func close() async { await lasting.close() }

    private func getAnew(_ name: String) async throws -> Bool {
        try await cluster.outcome(of: name, source: source) == .whole
    }

    private func getLasting(_ name: String) async throws -> Bool {
        let target = try cluster.folder.folder("lasting")
        let path = try await lasting.get(name, into: target).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        return TestFolder.areEqual(path, source)
    }

    private func attempt(_ what: String, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            state.withLock { $0.failures.append("\(what): \(error)") }
        }
    }
}
