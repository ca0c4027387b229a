import DFSCore
import DFSWire
import Synchronization
import Testing

@testable import DFSClient

@Suite(.timeLimit(.minutes(1))) struct AppendTests {
    /// Found out when the claim is renewed: it is the chunk before that takes no more, and the new one is sound.
    @Test func theChunkThatTheMasterNamesInsteadIsNotCalledFailed() async throws {
        try await TestCluster.run { cluster in
            let targets = ["a", "b"].map { id in
                OpenAppendResponse(
                    chunkID: id, version: 1, servers: [cluster.addresses[0]], start: 0, chunkSize: 256 << 10,
                    claimMilliseconds: id == "a" ? 0 : 60_000)
            }
            cluster.master.state.withLock { $0.appendTargets = targets }
            try await cluster.client.withAppender(to: "log") { try await $0.append([1, 2, 3]) }
            #expect(cluster.master.state.withLock { $0.appends.map(\.failedChunk) } == ["", "", "a"])
        }
    }

    @Test func anAppendThatIsStoppedSaysSo() async throws {
        try await TestCluster.run { cluster in
            let target = OpenAppendResponse(
                chunkID: "a", version: 1, servers: ["127.0.0.1:1"], start: 0, chunkSize: 256 << 10,
                claimMilliseconds: 60_000)
            cluster.master.state.withLock { $0.appendTargets = [target] }
            for waits in [true, false] {
                let isTaken = Mutex(false)
                let append = Task {
                    try await cluster.client.withAppender(to: "log") { log in
                        if waits { try await log.enqueue([1]) }
                        isTaken.withLock { $0 = true }
                        if waits { try await log.flush() } else { try await log.append([1]) }
                    }
                }
                while !isTaken.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
                append.cancel()
                let result = await append.result
                #expect(throws: DFSError.self) { try result.get() }
            }
        }
    }
}
