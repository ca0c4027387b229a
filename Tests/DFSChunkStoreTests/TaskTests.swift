import DFSCore
import Testing

@testable import DFSChunkStore

private func at(_ seconds: Int) -> MonotonicInstant { MonotonicInstant(nanoseconds: UInt64(seconds) * 1_000_000_000) }

@Suite struct DeletionBreakerTests {
    @Test func smallNodeMayDeleteEverything() {
        var breaker = DeletionBreaker()
        for left in stride(from: 100, to: 0, by: -1) {
            #expect(breaker.request(chunkCount: left, now: at(0)) == .allowed)
        }
    }

    @Test func burstBeyondTheShareTripsOnceAndHoldsTheRest() {
        var breaker = DeletionBreaker()
        var held = 1000
        while breaker.request(chunkCount: held, now: at(1)) == .allowed { held -= 1 }
        #expect(held == 700)
        #expect(breaker.isTripped)
        #expect(breaker.request(chunkCount: held, now: at(10_000)) == .held)
        breaker.release()
        #expect(breaker.request(chunkCount: held, now: at(10_001)) == .allowed)
    }

    @Test func sameNumberSpreadOverTimePasses() {
        var breaker = DeletionBreaker()
        for step in 0..<900 {
            #expect(breaker.request(chunkCount: 1000 - step, now: at(step * 7)) == .allowed)
        }
    }

    @Test func shareOfOneTurnsItOff() {
        var limits = DeletionBreaker.Limits()
        limits.share = 1
        limits.minimumCount = 0
        var breaker = DeletionBreaker(limits)
        for left in stride(from: 5, to: 0, by: -1) {
            #expect(breaker.request(chunkCount: left, now: at(0)) == .allowed)
        }
    }
}

@Suite struct ReplicationTasksTests {
    private func task(_ name: String, to port: UInt16 = 1) throws -> ReplicationTasks.Task {
        ReplicationTasks.Task(chunk: try ChunkID(name), target: ServerAddress(host: "", port: port))
    }

    @Test func closedTasksAreCountedAndNoneIsBegun() throws {
        var tasks = ReplicationTasks()
        let copies = try ["a_0", "b_0", "c_0"].map { try task($0) }
        for copy in copies { #expect(tasks.submit(copy, now: at(0)) == .accepted) }
        #expect(tasks.next { _ in .ready } == copies[0])
        #expect(tasks.close() == 2)
        #expect(tasks.next { _ in .ready } == nil)
        #expect(tasks.submit(copies[1], now: at(1)) == .refused)
        tasks.finish(copies[0], succeeded: true, now: at(2))
        #expect(tasks.close() == 0)
    }

    @Test func repeatedTaskIsMadeOnce() throws {
        var tasks = ReplicationTasks()
        let copy = try task("a_0")
        #expect(tasks.submit(copy, now: at(0)) == .accepted)
        #expect(tasks.submit(copy, now: at(0)) == .duplicate)
        #expect(tasks.next { _ in .ready } == copy)
        #expect(tasks.submit(copy, now: at(1)) == .duplicate)
        tasks.finish(copy, succeeded: true, now: at(2))
        #expect(tasks.submit(copy, now: at(31)) == .duplicate)
        #expect(tasks.submit(copy, now: at(32)) == .accepted)
    }

    @Test func failedCopyIsTriedAgainSoon() throws {
        var tasks = ReplicationTasks()
        let copy = try task("a_0")
        _ = tasks.submit(copy, now: at(0))
        _ = tasks.next { _ in .ready }
        tasks.finish(copy, succeeded: false, now: at(1))
        #expect(tasks.submit(copy, now: at(2)) == .duplicate)
        #expect(tasks.submit(copy, now: at(4)) == .accepted)
    }

    @Test func chunkBeingWrittenWaitsAndAbsentOneIsDropped() throws {
        var tasks = ReplicationTasks()
        for name in ["writing_0", "gone_0", "whole_0"] { _ = tasks.submit(try task(name), now: at(0)) }
        func readiness(_ chunk: ChunkID) -> ReplicationTasks.Readiness {
            switch chunk.text {
            case "writing_0": .beingWritten
            case "gone_0": .absent
            default: .ready
            }
        }
        #expect(tasks.next(readiness: readiness) == (try task("whole_0")))
        #expect(tasks.next(readiness: readiness) == nil)
        #expect(tasks.submit(try task("gone_0"), now: at(0)) == .accepted)
        #expect(tasks.next { _ in .ready } == (try task("writing_0")))
    }

    @Test func runningAndWaitingAreBounded() throws {
        var limits = ReplicationTasks.Limits()
        limits.waiting = 3
        var tasks = ReplicationTasks(limits)
        let answers = try (0..<5).map { tasks.submit(try task("a_\($0)"), now: at(0)) }
        #expect(answers == [.accepted, .accepted, .accepted, .refused, .refused])
        #expect(tasks.next { _ in .ready } != nil)
        #expect(tasks.next { _ in .ready } != nil)
        #expect(tasks.next { _ in .ready } == nil)
    }
}
