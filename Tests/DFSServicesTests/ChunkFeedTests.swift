import DFSCore
import DFSServices
import Testing

@Suite(.timeLimit(.minutes(1))) struct ChunkFeedTests {
    @Test func everyReplicaGetsEveryPieceInOrder() async throws {
        let feed = ChunkFeed<Int>(consumerCount: 3, capacity: 2)
        try await withThrowingTaskGroup(of: [Int].self) { tasks in
            for consumer in 0..<3 {
                tasks.addTask {
                    var seen: [Int] = []
                    while let piece = try await feed.next(consumer) { seen.append(piece) }
                    feed.leave(consumer)
                    return seen
                }
            }
            for number in 0..<500 {
                #expect(await feed.waitForRoom())
                feed.push(number)
            }
            feed.finish()
            for try await seen in tasks { #expect(seen == Array(0..<500)) }
        }
    }

    @Test func readerWaitsForTheSlowestReplica() async throws {
        let feed = ChunkFeed<Int>(consumerCount: 2, capacity: 2)
        feed.push(0)
        feed.push(1)
        _ = try await feed.next(0)
        _ = try await feed.next(0)
        async let hasRoom = feed.waitForRoom()
        let first = try await feed.next(1)
        #expect(first == 0)
        #expect(await hasRoom)
    }

    @Test func replicaThatLeavesHoldsNobodyUp() async throws {
        let feed = ChunkFeed<Int>(consumerCount: 2, capacity: 1)
        feed.push(0)
        _ = try await feed.next(0)
        async let hasRoom = feed.waitForRoom()
        feed.leave(1)
        #expect(await hasRoom)
        feed.leave(0)
        #expect(await feed.waitForRoom() == false)
    }

    @Test func failureEndsReaderAndReplicas() async throws {
        let feed = ChunkFeed<Int>(consumerCount: 1, capacity: 1)
        async let code = failureCode { _ = try await feed.next(0) }
        feed.fail(DFSError(.dataLoss, "broken"))
        #expect(await code == .dataLoss)
        #expect(await feed.waitForRoom() == false)
        #expect(await failureCode { _ = try await feed.next(0) } == .dataLoss)
    }

    @Test func replicasMayLeaveAfterAFailureWithPiecesLeft() async throws {
        let feed = ChunkFeed<Int>(consumerCount: 2, capacity: 4)
        for number in 0..<3 { feed.push(number) }
        _ = try await feed.next(0)
        feed.fail(DFSError(.cancelled, "enough"))
        feed.push(3)
        feed.leave(1)
        feed.leave(0)
        #expect(await feed.waitForRoom() == false)
    }

    @Test func emptyFeedEndsAtOnce() async throws {
        let feed = ChunkFeed<Int>(consumerCount: 1, capacity: 1)
        async let end = feed.next(0)
        feed.finish()
        let ended = try await end
        #expect(ended == nil)
    }
}
