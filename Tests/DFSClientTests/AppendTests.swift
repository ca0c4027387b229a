import DFSCore
import DFSWire
import NIOCore
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

    /// Appends two pieces alone, with a master that names these chunks; the first piece is all that the file of the cluster has
    /// when it is read.
    private func appendTwoPieces(
        _ targets: [(chunk: String, server: Int?)], _ prepare: (TestCluster) -> Void
    ) async throws -> (failed: [String], onFirst: [[UInt8]], onSecond: [[UInt8]], pieces: [[UInt8]]) {
        let size = 64 << 10
        var result: (failed: [String], onFirst: [[UInt8]], onSecond: [[UInt8]], pieces: [[UInt8]]) = ([], [], [], [])
        try await TestCluster.run { cluster in
            let bytes = try cluster.makeFile("in", 100_000)
            result.pieces = [Array(bytes[..<size]), Array(bytes[size...])]
            try cluster.disk.open("first", .creating).write([ByteBuffer(bytes: result.pieces[0])], at: 0)
            try await cluster.client.put("first", as: "log")
            let answers = targets.map { chunk, server in
                OpenAppendResponse(
                    chunkID: chunk, version: 1, servers: [server.map { cluster.addresses[$0] } ?? "127.0.0.1:1"],
                    start: chunk == "a" ? 0 : UInt64(size), chunkSize: UInt64(4 * size),
                    claimMilliseconds: chunk == "a" ? 0 : 60_000)
            }
            cluster.master.state.withLock { $0.appendTargets = answers }
            prepare(cluster)
            let count = try await cluster.client.append("in", to: "log")
            #expect(count == bytes.count)
            result.failed = cluster.master.state.withLock { $0.appends.map(\.failedChunk) }
            result.onFirst = cluster.servers[0].record.withLock { $0.appends.flatMap(\.records) }
            result.onSecond = cluster.servers[1].record.withLock { $0.appends.flatMap(\.records) }
        }
        return result
    }

    @Test(arguments: [DFSError.Code.unavailable, .failedPrecondition])
    func aChunkThatFailsWhileTheMasterIsAskedIsNamedAndWhatItTookIsNotAppendedTwice(code: DFSError.Code) async throws {
        let result = try await appendTwoPieces([("a", 0), ("a", 0), ("b", 1)]) { cluster in
            let (end, isAsked) = AsyncStream.makeStream(of: Never.self)
            cluster.master.state.withLock { ($0.failedAppends, $0.appendWaiters) = ([3: nil], [3: isAsked]) }
            cluster.servers[0].faults.withLock { $0.appendEnd = (end, DFSError(code, "the lease is lost")) }
        }
        #expect(result.failed == ["", "", "", "a"])
        #expect(result.onFirst == [result.pieces[0]] && result.onSecond == [result.pieces[1]])
    }

    @Test func aMasterThatCannotBeAskedSaysNothingOfTheChunkAndWhatThatTookIsNotAppendedTwice() async throws {
        let result = try await appendTwoPieces([("a", 0), ("a", 0), ("b", 1)]) { cluster in
            cluster.master.state.withLock { $0.failedAppends = [3: DFSError(.resourceExhausted, "busy")] }
            cluster.servers[0].faults.withLock { $0.silentAppends = 1 }
        }
        #expect(result.failed == ["", "", "", ""])
        #expect(result.onSecond == [result.pieces[1]])
    }

    /// The second call to the first chunk sends nothing: what the first call sent may be there all the same.
    @Test func whatAnEarlierCallToTheChunkHasSentIsFoundThere() async throws {
        let result = try await appendTwoPieces([("a", 0), ("a", 0), ("a", nil), ("b", 1)]) { cluster in
            cluster.master.state.withLock { $0.failedAppends = [3: DFSError(.resourceExhausted, "busy")] }
            cluster.servers[0].faults.withLock { $0.silentAppends = 1 }
        }
        #expect(result.failed == ["", "", "", "", "a"])
        #expect(result.onSecond == [result.pieces[1]])
    }

    /// As for a put: nothing is wrong with what was asked for, and it can be asked for again.
    @Test(arguments: [1, 2]) func aClusterWithoutRoomIsNotAvailableForAnAppend(from call: Int) async throws {
        try await TestCluster.run { cluster in
            let none = DFSError(.resourceExhausted, "no chunk server has room")
            cluster.master.state.withLock { master in
                master.appendTargets = [
                    OpenAppendResponse(
                        chunkID: "a", version: 1, servers: ["127.0.0.1:1"], start: 0, chunkSize: 256 << 10,
                        claimMilliseconds: 0)
                ]
                for number in call..<100 { master.failedAppends[number] = none }
            }
            let error = await failure {
                let options = AppendOptions(patience: .milliseconds(100))
                try await cluster.client.withAppender(to: "log", options: options) { try await $0.append([1]) }
            }
            #expect(error?.code == .unavailable && error?.message.contains(none.message) == true)
        }
    }

    /// As of a log that is quiet: whoever started it is to hear of the failure, and not only with the next line.
    @Test func anAppendThatHasFailedWaitsForNoMoreInput() async throws {
        try await TestCluster.run { cluster in
            cluster.master.state.withLock { master in
                master.appendTargets = [
                    OpenAppendResponse(
                        chunkID: "a", version: 1, servers: ["127.0.0.1:1"], start: 0, chunkSize: 256 << 10,
                        claimMilliseconds: 0)
                ]
                for number in 2..<100 { master.failedAppends[number] = DFSError(.notFound, "log was removed") }
            }
            let pipe = Pipe()
            await pipe.send(Array("one\n".utf8), closing: false).value
            let error = await failure {
                try await cluster.client.appendLines(from: pipe.read, to: "log")
            }
            #expect(error?.code == .notFound, "\(String(describing: error))")
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
