import DFSCore
import NIOCore
import Testing

@testable import DFSClient

@Suite(.timeLimit(.minutes(1))) struct ChunkFeedTests {
    private func piece(_ number: Int) -> ChunkFeed.Piece {
        ChunkFeed.Piece(data: ByteBuffer(integer: number), crc32c: UInt32(number))
    }

    @Test func everyReplicaGetsEveryPieceInOrder() async throws {
        let feed = ChunkFeed(consumerCount: 3, capacity: 2)
        try await withThrowingTaskGroup(of: [UInt32].self) { tasks in
            for consumer in 0..<3 {
                tasks.addTask {
                    var seen: [UInt32] = []
                    while let piece = try await feed.next(consumer) { seen.append(piece.crc32c) }
                    feed.leave(consumer)
                    return seen
                }
            }
            for number in 0..<500 {
                #expect(await feed.waitForRoom())
                feed.push(piece(number))
            }
            feed.finish()
            for try await seen in tasks { #expect(seen == Array(0..<500)) }
        }
    }

    @Test func readerWaitsForTheSlowestReplica() async throws {
        let feed = ChunkFeed(consumerCount: 2, capacity: 2)
        feed.push(piece(0))
        feed.push(piece(1))
        _ = try await feed.next(0)
        _ = try await feed.next(0)
        async let hasRoom = feed.waitForRoom()
        let first = try await feed.next(1)
        #expect(first?.crc32c == 0)
        #expect(await hasRoom)
    }

    @Test func replicaThatLeavesHoldsNobodyUp() async throws {
        let feed = ChunkFeed(consumerCount: 2, capacity: 1)
        feed.push(piece(0))
        _ = try await feed.next(0)
        async let hasRoom = feed.waitForRoom()
        feed.leave(1)
        #expect(await hasRoom)
        feed.leave(0)
        #expect(await feed.waitForRoom() == false)
    }

    @Test func failureEndsReaderAndReplicas() async throws {
        let feed = ChunkFeed(consumerCount: 1, capacity: 1)
        async let code = failure { _ = try await feed.next(0) }?.code
        feed.fail(DFSError(.dataLoss, "broken"))
        #expect(await code == .dataLoss)
        #expect(await feed.waitForRoom() == false)
        #expect(await failure { _ = try await feed.next(0) }?.code == .dataLoss)
    }

    @Test func replicasMayLeaveAfterAFailureWithPiecesLeft() async throws {
        let feed = ChunkFeed(consumerCount: 2, capacity: 4)
        for number in 0..<3 { feed.push(piece(number)) }
        _ = try await feed.next(0)
        feed.fail(DFSError(.cancelled, "enough"))
        feed.push(piece(3))
        feed.leave(1)
        feed.leave(0)
        #expect(await feed.waitForRoom() == false)
    }

    @Test func emptyFeedEndsAtOnce() async throws {
        let feed = ChunkFeed(consumerCount: 1, capacity: 1)
        async let end = feed.next(0)
        feed.finish()
        let ended = try await end
        #expect(ended == nil)
    }
}
