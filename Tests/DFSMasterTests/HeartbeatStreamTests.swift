import DFSMetadata
import Synchronization
import Testing

@testable import DFSMaster

@Suite struct HeartbeatStreamTests {
    /// A server that reads slowly while many tasks are pushed to it must not send heartbeats ahead of their answers: they would
    /// wait in the stream without a bound.
    @Test func tasksThatArePushedAreNoAnswers() async throws {
        let stream = HeartbeatStream(token: StreamToken(rawValue: 1))
        var answer = TaskBatch()
        answer.isAnswer = true
        for _ in 0..<3 { stream.deliver(TaskBatch()) }
        stream.deliver(answer)
        let isAnswered = Mutex(false)
        async let reader: Void = {
            await stream.waitUntilAnswered(1)
            #expect(isAnswered.withLock { $0 })
        }()
        for _ in 0..<4 {
            let batch = try #require(await stream.next())
            if batch.isAnswer { isAnswered.withLock { $0 = true } }
            stream.noteSent(batch)
        }
        await reader
    }
}
