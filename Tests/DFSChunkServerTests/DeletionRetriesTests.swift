import DFSCore
import Testing

@testable import DFSChunkServer

@Suite struct DeletionRetriesTests {
    @Test func pausesGrowToAMinuteForEachChunkByItself() throws {
        let (f, g) = (try ChunkID("f_0"), try ChunkID("g_0"))
        var retries = DeletionRetries()
        var now = MonotonicInstant(nanoseconds: 0)
        #expect(retries.pause(now: now) == nil)
        for seconds in [2, 4, 8, 16, 32, 60, 60] {
            retries.failed(f, now: now)
            #expect(retries.pause(now: now) == .seconds(seconds))
            #expect(!retries.isDue(f, now: now + .seconds(seconds - 1)))
            #expect(retries.isDue(g, now: now), "another one does not wait for it")
            now = now + .seconds(seconds)
            #expect(retries.isDue(f, now: now))
        }
        #expect(retries.pause(now: now + .seconds(1)) == .zero)
        retries.failed(g, now: now)
        retries.ended(f)
        #expect(retries.pause(now: now) == .seconds(2))
        retries.ended(g)
        #expect(retries.pause(now: now) == nil)
    }

    /// Else its pause would be over for ever, and nobody would wait any more.
    @Test func oneWhoseOrderIsForgottenIsNotWaitedFor() throws {
        let (f, g) = (try ChunkID("f_0"), try ChunkID("g_0"))
        var retries = DeletionRetries()
        let now = MonotonicInstant(nanoseconds: 0)
        retries.failed(f, now: now)
        retries.keep(only: [f, g])
        #expect(retries.pause(now: now) == .seconds(2))
        retries.keep(only: [g])
        #expect(retries.pause(now: now) == nil)
        #expect(retries.isDue(f, now: now))
    }
}
