import DFSCore
import DFSServices
import DFSSimulation
import Logging
import Testing

@testable import DFSChunkServer
@testable import DFSChunkStore

@Suite struct HousekeeperTests {
    /// A disk that is full may keep a file from being moved for long; all the rest is to be done all the same.
    @Test func whatCannotBeEmptiedKeepsNothingElseFromBeingDone() async throws {
        let disk = SimulatedDisk()
        let store = try ChunkStore(root: "/data", files: disk, wallClock: { 1_000_000 }, newNodeID: "node")
        let housekeeper = housekeeper(store)
        store.state.withLock { $0.reclaimed.chunks = 1 }
        disk.strike(.failOnce, atCall: 1)
        let clock = SystemClock()
        let deadline = clock.now + .seconds(20)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await housekeeper.run() }
            try? await until { store.state.withLock { $0.reclaimed.chunks } == 0 || clock.now > deadline }
            group.cancelAll()
        }
        #expect(disk.hasStruck)
        #expect(store.state.withLock { $0.reclaimed.chunks } == 0)
    }

    /// Its master is nowhere, and is not asked.
    private func housekeeper(_ store: ChunkStore) -> Housekeeper {
        let (changes, logger) = (ChangeSignal(), Logger(label: "housekeeper") { _ in SwiftLogNoOpLogHandler() })
        let tasks = NodeTasks(
            replicationLimits: ReplicationTasks.Limits(), breakerLimits: DeletionBreaker.Limits(),
            settlingTime: .zero, changes: changes, logger: logger)
        let (all, suspicions) = (ServerThreads(ChunkServerSettings()), Suspicions())
        let threads = all.bulk
        let master = Peer(
            address: ServerAddress(host: "127.0.0.1", port: 1), role: "master", group: testGroup, logger: logger)
        let session = MasterSession(
            address: LateAddress(), nodeID: store.nodeID, peer: master, store: store, threads: all,
            disk: DiskWatch(store: store, freeMiB: 0, threads: all.heartbeat, logger: logger), tasks: tasks,
            suspicions: suspicions, changes: changes, heartbeatInterval: .seconds(1), reportLimit: .seconds(1),
            logger: logger)
        let checker = ReplicaChecker(
            suspicions: suspicions, store: store, threads: threads, master: session, changes: changes, logger: logger)
        return Housekeeper(store: store, threads: threads, checker: checker, master: session, logger: logger)
    }
}
