import DFSChunkStore
import DFSCore
import DFSSimulation
import DFSWire
import Logging
import NIOCore
import Testing

@testable import DFSChunkServer

@Suite struct DeletionTests {
    /// Reports do not show open chunks, so the master does not give the order again.
    @Test func deletionOfAnOpenChunkThatFailedIsTriedAgain() async throws {
        let disk = SimulatedDisk()
        let store = try ChunkStore(root: "/data", files: disk, wallClock: { 1_000_000 }, newNodeID: "node")
        let (id, bytes) = (try ChunkID("f_0"), content(100))
        let chunk = try store.beginOpen(id, version: 1, chunkSize: 1000).0
        _ = try chunk.append([ByteBuffer(bytes: bytes)], crc32c: CRC32C.of(bytes), at: 0, version: 1)
        let (changes, logger) = (ChangeSignal(), Logger(label: "deletions") { _ in SwiftLogNoOpLogHandler() })
        let tasks = NodeTasks(
            replicationLimits: ReplicationTasks.Limits(), breakerLimits: DeletionBreaker.Limits(),
            settlingTime: .zero, changes: changes, logger: logger)
        let threads = DiskThreads(count: 1)
        let worker = DeletionWorker(tasks: tasks, store: store, threads: threads, changes: changes, logger: logger)
        disk.strike(.failOnce, atCall: 1)
        tasks.accept(copies: [], deletions: [DeleteTask(chunkID: "f_0")], fromGoMaster: false)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await worker.run() }
            try? await until { !store.withCatalog { $0.isOpen(id) } }
            group.cancelAll()
        }
        #expect(disk.hasStruck)
        #expect(throws: DFSError.self) { try store.beginOpen(id, version: 1, chunkSize: 1000) }
    }

    /// The master has counted the copy again by then, and may have had the others deleted.
    @Test func anOrderThatWasHeldForLongIsNotCarriedOutUnlessItIsGivenAgain() async throws {
        let scene = try HeldDeletions(["old", "new"])
        try await scene.run {
            scene.order("old", "new")
            try await until { scene.tasks.counts.held == 2 }
            scene.clock.move(DeletionOrder.life + .seconds(1))
            scene.order("new")
            try scene.release()
            try await until { scene.tasks.counts == (0, 0, 0) }
        }
        #expect(scene.isStored("old"))
        #expect(!scene.isStored("new"))
    }

    /// It may be another master, which counts what it is told of.
    @Test func aSessionBeginsWithoutTheOrdersOfTheOneBefore() async throws {
        let scene = try HeldDeletions(["a"])
        let isOpen = try ChunkID("open")
        try await scene.run {
            scene.order("a", "open")
            try await until { scene.tasks.counts.held == 1 }
            scene.tasks.forgetOrders { $0 == isOpen }
            #expect(scene.tasks.counts.held == 0)
            scene.order("a")
            try await until { scene.tasks.counts.held == 1 }
            scene.tasks.forgetOrders { id in
                // Whoever is asked may wait for one who wants the lock of the tasks.
                scene.tasks.counts.held == 1 && id.text == "a"
            }
            #expect(scene.tasks.counts.held == 1, "nobody repeats the order to delete an open chunk")
        }
        #expect(scene.isStored("a"))
    }
}

/// A store whose breaker holds every deletion, and the worker that asks it.
private struct HeldDeletions {
    let disk = SimulatedDisk()
    let clock = MovableClock()
    let store: ChunkStore
    let tasks: NodeTasks
    private let worker: DeletionWorker

    init(_ names: [String]) throws {
        store = try ChunkStore(root: "/data", files: disk, wallClock: { 1_000_000 }, newNodeID: "node")
        for name in names {
            let writer = try store.beginUpload(of: ChunkID(name), expecting: ExpectedContent())
            try writer.append([UploadPiece(segments: [ByteBuffer(bytes: [1])], checksum: 0)])
            _ = try writer.commit()
        }
        var limits = DeletionBreaker.Limits()
        (limits.minimumCount, limits.share) = (0, 0)
        let (changes, logger) = (ChangeSignal(), Logger(label: "deletions") { _ in SwiftLogNoOpLogHandler() })
        tasks = NodeTasks(
            replicationLimits: ReplicationTasks.Limits(), breakerLimits: limits, settlingTime: .zero, changes: changes,
            logger: logger, clock: clock)
        worker = DeletionWorker(
            tasks: tasks, store: store, threads: DiskThreads(count: 1), changes: changes, logger: logger)
    }

    func order(_ names: String...) {
        tasks.accept(copies: [], deletions: names.map { DeleteTask(chunkID: $0) }, fromGoMaster: false)
    }

    /// As an operator does it.
    func release() throws { _ = try disk.open(store.releaseFile, .creating) }

    func isStored(_ name: String) -> Bool {
        store.withCatalog { catalog in (try? ChunkID(name)).flatMap { catalog.stored($0) } != nil }
    }

    func run(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [worker] in await worker.run() }
            try await body()
            group.cancelAll()
        }
    }
}
