import DFSChunkStore
import DFSCore
import DFSFiles
import DFSServices
import DFSSimulation
import DFSWire
import Foundation
import Logging
import RPC
import Synchronization
import Testing

@testable import DFSChunkServer

/// Disks that are busy, or do not answer.
@Suite(.timeLimit(.minutes(1))) struct DiskWatchTests {
    /// Holds calls of one kind up while it is closed.
    private final class Barrier: Sendable {
        private struct State {
            var isClosed = false
            var heldCount = 0
        }

        private let state = Mutex(State())
        private let gate = DispatchSemaphore(value: 0)

        var heldCount: Int { state.withLock { $0.heldCount } }

        func close() { state.withLock { $0.isClosed = true } }

        func open() {
            let count = state.withLock { state in
                defer { state = State() }
                return state.heldCount
            }
            for _ in 0..<count { gate.signal() }
        }

        func pass() {
            let isHeld = state.withLock { state in
                if state.isClosed { state.heldCount += 1 }
                return state.isClosed
            }
            if isHeld { gate.wait() }
        }
    }

    /// Heartbeats, fences and new chunks to be appended to need none of the threads that read chunks.
    @Test func readersThatHoldAllThreadsHoldNeitherHeartbeatsNorFencesUp() async throws {
        let barrier = Barrier()
        let files = WatchedFiles(PosixFileSystem()) { call, path throws(DFSError) in
            if call == .read, path.hasSuffix("/f_0") { barrier.pass() }
        }
        let master = try await TestMaster(isSwift: true, takesDifferences: true, group: testGroup)
        try await withServer(masterPort: master.port, files: files, change: { $0.diskThreadCount = 1 }) { server in
            try await server.upload("f_0", content(3_000_000), metadata: [CallMetadata.length: "3000000"])
            barrier.close()
            async let readers: Void = {
                for _ in 0..<3 { _ = try await server.download("f_0") }
            }()
            try await until { barrier.heldCount == 1 }
            for _ in 0..<3 { await master.inventory(after: master.events.all.count) { _ in true } }
            let fence = FenceRequest(chunk: OpenChunkVersion(chunkID: "g_0", version: 1))
            let fenced = try await server.peer.unary(Methods.fence, fence, as: FenceResponse.self)
            #expect(!fenced.hasChunk)
            #expect(barrier.heldCount == 1)
            barrier.open()
            try await readers
        }
        await master.stop()
    }

    @Test func heartbeatsGoOnWithTheLastNumberWhileTheDiskIsAskedForAnother() async throws {
        let barrier = Barrier()
        let files = WatchedFiles(PosixFileSystem()) { call, _ throws(DFSError) in
            if call == .freeBytes { barrier.pass() }
        }
        let master = try await TestMaster(isSwift: true, takesDifferences: true, group: testGroup)
        try await withServer(
            masterPort: master.port, files: files, change: { $0.diskWatch.patience = .milliseconds(20) }
        ) { _ in
            let before = await master.inventory { _ in true }
            barrier.close()
            try await until { barrier.heldCount == 1 }
            for _ in 0..<3 {
                let next = await master.inventory(after: master.events.all.count) { _ in true }
                #expect(try #require(next).freeBytes > 0 && before?.freeBytes != 0)
            }
            #expect(barrier.heldCount == 1, "one question at a time")
            barrier.open()
        }
        await master.stop()
    }

    @Test func aDiskThatHangsHasNoRoomAndInTheEndNoHeartbeats() async throws {
        let (barrier, clock) = (Barrier(), MovableClock())
        let files = WatchedFiles(SimulatedDisk(capacity: 10 << 20)) { call, path throws(DFSError) in
            // What the kernel knows by heart is told all the same.
            if call == .read, path.hasSuffix("/node-id") { barrier.pass() }
        }
        let store = try ChunkStore(root: "/data", files: files, wallClock: { 1_000_000 }, newNodeID: "node")
        let threads = DiskThreads(count: 1)
        let logger = Logger(label: "disk") { _ in SwiftLogNoOpLogHandler() }
        var limits = DiskWatch.Limits()
        limits.patience = .milliseconds(20)
        let watch = DiskWatch(
            store: store, freeMiB: 3, threads: threads, limits: limits, clock: clock, logger: logger)
        barrier.close()
        #expect(try await watch.freeMiB() == 3)
        clock.move(.seconds(59))
        #expect(try await watch.freeMiB() == 3)
        #expect(!watch.isSilent)
        clock.move(.seconds(1))
        #expect(try await watch.freeMiB() == 0)
        #expect(watch.isSilent)
        clock.move(.seconds(240))
        await #expect(throws: DFSError.self) { _ = try await watch.freeMiB() }
        #expect(barrier.heldCount == 1)
        barrier.open()
        try await until { watch.silence == .zero }
        #expect(try await watch.freeMiB() == 9)
        #expect(!watch.isSilent)
        await threads.stop()
    }

    @Test func whatTheDiskAnswersWithIsTold() async throws {
        let disk = SimulatedDisk()
        let store = try ChunkStore(root: "/data", files: disk, wallClock: { 1_000_000 }, newNodeID: "node")
        let threads = DiskThreads(count: 1)
        let logger = Logger(label: "disk") { _ in SwiftLogNoOpLogHandler() }
        let watch = DiskWatch(store: store, freeMiB: 3, threads: threads, logger: logger)
        // Opened, read, and measured.
        disk.strike(.failOnce, atCall: 3)
        await #expect(throws: DFSError.self) { _ = try await watch.freeMiB() }
        #expect(disk.calmDown())
        #expect(try await watch.freeMiB() > 3)
        await threads.stop()
    }
}
