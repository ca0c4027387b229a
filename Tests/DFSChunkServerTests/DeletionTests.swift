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
}
