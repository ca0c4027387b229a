import DFSChunkStore
import DFSCore
import Testing

@testable import DFSChunkServer

/// What waits to be checked.
@Suite(.timeLimit(.minutes(1))) struct SuspicionTests {
    private func id(_ number: Int) throws -> ChunkID { try ChunkID("f_\(number)") }

    @Test func eachChunkWaitsOnceAndTheMastersWordWeighsMore() async throws {
        let suspicions = Suspicions()
        let (one, two) = (try id(1), try id(2))
        for _ in 0..<2 {
            #expect(suspicions.note(one))
            #expect(suspicions.note(two))
        }
        #expect(suspicions.note(one, .unwanted))
        #expect(suspicions.note(one, .read))
        let first = try #require(await suspicions.next())
        #expect(first.0 == one && first.1 == .unwanted)
        suspicions.finish(one, .success(.gone))
        #expect(await suspicions.next()?.0 == two)
    }

    @Test func noMoreWaitThanAreBounded() throws {
        let suspicions = Suspicions()
        for number in 0..<Suspicions.maxCount { #expect(suspicions.note(try id(number))) }
        let last = try id(Suspicions.maxCount)
        #expect(!suspicions.note(last))
        suspicions.finish(try id(0), .success(.gone))
        #expect(suspicions.note(last))
    }

    @Test func whoeverWaitsIsToldOfTheFindingOrOfTheEnd() async throws {
        let suspicions = Suspicions()
        let (one, two) = (try id(1), try id(2))
        let finding = Task { try await suspicions.finding(of: one) }
        #expect(await suspicions.next()?.0 == one)
        suspicions.finish(one, .success(.damaged(blocks: [3])))
        #expect(try await finding.value == .damaged(blocks: [3]))
        let other = Task { try await suspicions.finding(of: two) }
        #expect(await suspicions.next()?.0 == two)
        suspicions.close()
        await #expect(throws: DFSError.self) { _ = try await other.value }
        await #expect(throws: DFSError.self) { _ = try await suspicions.finding(of: one) }
    }

    @Test func aWordOfTheMasterThatComesWhileTheChunkIsCheckedIsHeeded() async throws {
        let suspicions = Suspicions()
        let (one, two) = (try id(1), try id(2))
        for id in [one, two] { #expect(suspicions.note(id)) }
        #expect(await suspicions.next()?.0 == one)
        #expect(suspicions.note(one, .unwanted))
        suspicions.finish(one, .success(.gone))
        let again = try #require(await suspicions.next())
        #expect(again.0 == one && again.1 == .unwanted)
        suspicions.finish(one, .success(.gone))
        #expect(await suspicions.next()?.0 == two)
    }
}
