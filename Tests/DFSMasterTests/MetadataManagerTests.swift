import DFSCore
import DFSMetadata
import Glibc
import Synchronization
import Testing

@testable import DFSMaster

/// Durability before answers, group commit, and what happens when the store fails.
@Suite struct MetadataManagerTests {
    /// A store that a test can hold up and break.
    final class ScriptedStore: MetadataStore {
        let batches = Mutex<[[Mutation]]>([])
        /// What the next batch fails with; the ones behind it are taken.
        let failure: Mutex<DFSError?>
        /// While a batch is held up, it waits here.
        let isHeldUp = Mutex(false)
        let waitingBatches = Mutex(0)

        init(failure: DFSError? = nil) {
            self.failure = Mutex(failure)
        }

        let location = "a test"

        func load(_ take: (StoredRecord) throws(DFSError) -> Void) throws(DFSError) -> String { "c" }

        func append(_ batch: [Mutation]) throws(DFSError) {
            guard !batch.isEmpty else { return }
            if let failure = failure.withLock({ $0.take() }) { throw failure }
            waitingBatches.withLock { $0 += 1 }
            while isHeldUp.withLock({ $0 }) { sched_yield() }
            batches.withLock { $0.append(batch) }
        }

        func close() throws(DFSError) {}
    }

    /// Counts decisions: each asks once what time it is.
    final class CountingClock: MonotonicClock {
        let count = Atomic(0)

        var now: MonotonicInstant {
            count.add(1, ordering: .relaxed)
            return SystemClock().now
        }
    }

    private func manager(
        _ store: ScriptedStore, _ clock: any MonotonicClock = SystemClock()
    ) throws -> MetadataManager {
        let state = try store.recover(policy: ClusterPolicy(), seed: 1, now: clock.now).state
        return MetadataManager(state: state, store: store, clock: clock) { _ in }
    }

    @Test func anAnswerComesAfterItsChangeIsInTheStore() async throws {
        let store = ScriptedStore()
        let manager = try manager(store)
        let name = try FileName("a")
        let answer = try await manager.ask {
            .create(CreationRequest(name: name, connection: ConnectionToken(rawValue: 1)), $0)
        }
        guard case .created(let id, _, _) = answer else { throw DFSError(.internal, "wrong answer") }
        let first = store.batches.withLock { $0.first?.first }
        guard case .begin(let header, _) = first else { throw DFSError(.internal, "nothing stored") }
        #expect(header.id == id)
        try await manager.close()
    }

    /// A question that is asked while a change is under way is answered behind it: nobody hears of what a crash could take
    /// back.
    @Test func aQuestionSeesNoChangeThatIsNotDurable() async throws {
        let store = ScriptedStore()
        let manager = try manager(store)
        let name = try FileName("folder")
        let before = await #expect(throws: DFSError.self) { try await manager.read { .lookUp(name, $0) } }
        #expect(before?.code == .notFound)
        store.isHeldUp.withLock { $0 = true }
        async let change = manager.ask { .makeFolder(name, $0) }
        while store.waitingBatches.withLock({ $0 }) == 0 { await Task.yield() }
        async let answer = manager.read { .lookUp(name, $0) }
        store.isHeldUp.withLock { $0 = false }
        guard case .status(let status) = try await answer else { throw DFSError(.internal, "wrong answer") }
        #expect(status.kind == .folder)
        #expect(store.batches.withLock { $0.count } == 1, "it was answered before its change was durable")
        _ = try await change
        try await manager.close()
    }

    /// As many ticks as a store hung for seconds would only keep heartbeats waiting.
    @Test func ticksThatWaitTogetherAreOne() async throws {
        let (store, clock) = (ScriptedStore(), CountingClock())
        let manager = try manager(store, clock)
        store.isHeldUp.withLock { $0 = true }
        let name = try FileName("folder")
        async let change = manager.ask { .makeFolder(name, $0) }
        while store.waitingBatches.withLock({ $0 }) == 0 { await Task.yield() }
        let before = clock.count.load(ordering: .relaxed)
        for _ in 0..<100 { manager.post(.tick) }
        store.isHeldUp.withLock { $0 = false }
        _ = try await change
        try await manager.close()
        #expect(clock.count.load(ordering: .relaxed) == before + 1)
    }

    /// Only those that wait are one.
    @Test func aTickBehindOneThatWasTakenIsDecided() {
        var inbox = Inbox()
        for _ in 0..<2 {
            for _ in 0..<3 { _ = inbox.post(.tick) }
            #expect(inbox.take().count == 1)
        }
    }

    @Test func callersThatWaitTogetherShareABatch() async throws {
        let store = ScriptedStore()
        let manager = try manager(store)
        let names = try (0..<200).map { try FileName("f\($0)") }
        try await withThrowingTaskGroup { tasks in
            for name in names {
                tasks.addTask {
                    _ = try await manager.ask {
                        .create(CreationRequest(name: name, connection: ConnectionToken(rawValue: 1)), $0)
                    }
                }
            }
            try await tasks.waitForAll()
        }
        let begun = store.batches.withLock { $0.joined().count { if case .begin = $0 { true } else { false } } }
        #expect(begun == 200)
        try await manager.close()
    }

    @Test func aStoreThatCannotBeWrittenEndsTheMasterAndAnswersNothingAsDone() async throws {
        let failure = DFSError(.resourceExhausted, "the disk is full")
        let manager = try manager(ScriptedStore(failure: failure))
        let name = try FileName("a")
        for _ in 0..<2 {
            let error = await #expect(throws: DFSError.self) {
                try await manager.ask {
                    .create(CreationRequest(name: name, connection: ConnectionToken(rawValue: 1)), $0)
                }
            }
            #expect(error?.code == .unavailable)
        }
        #expect(await manager.failure() == failure)
        try await manager.close()
    }

    /// What would be stored after a batch that is lost might build on it.
    @Test func nothingIsStoredBehindABatchThatFailed() async throws {
        let store = ScriptedStore()
        let manager = try manager(store)
        let (server, writer) = (try ServerAddress(":9001"), ConnectionToken(rawValue: 2))
        let report = ServerReport(
            address: server, connection: ConnectionToken(rawValue: 1), freeBytes: 1 << 50, chunks: [])
        manager.post(.heartbeat(report, StreamToken(rawValue: 1)))
        manager.post(.described(server, .swift, nodeID: "n", location: nil))
        let second = ServerReport(
            address: try ServerAddress(":9002"), connection: ConnectionToken(rawValue: 3), freeBytes: 1 << 50,
            chunks: [])
        manager.post(.heartbeat(second, StreamToken(rawValue: 2)))
        manager.post(.described(second.address, .swift, nodeID: "m", location: nil))
        for number in 0..<300 {
            let request = AllocationRequest(
                name: try FileName("f\(number)"), index: 0, upload: nil, excluded: [], connection: writer)
            _ = try await manager.ask { .allocate(request, $0) }
        }
        let count = store.batches.withLock { $0.count }
        // A hundred of the uploads are given up at once, the others when nobody else waits.
        store.failure.withLock { $0 = DFSError(.resourceExhausted, "the disk is full") }
        manager.post(.connectionClosed(writer))
        #expect(await manager.failure() != nil)
        try await manager.close()
        #expect(store.batches.withLock { $0.count } == count)
    }

    @Test func aManagerThatIsClosedRefusesCalls() async throws {
        let manager = try manager(ScriptedStore())
        try await manager.close()
        let name = try FileName("a")
        let error = await #expect(throws: DFSError.self) {
            try await manager.ask { .fileInfo(name, ConnectionToken(rawValue: 1), $0) }
        }
        #expect(error?.code == .unavailable)
    }
}
