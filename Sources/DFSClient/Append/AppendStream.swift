import DFSCore
import DFSServices
import DFSWire
import RPC
import Synchronization

/// One call of Append to the primary of an open chunk: sends the records of a queue as they come, and takes the
/// acknowledgements in their order.
struct AppendStream: Sendable {
    let context: ClientContext
    let target: AppendTarget
    let queue: SharedAppendQueue
    /// A primary that lets wait for so long, while records are on their way, has failed.
    let stallLimit: Duration
    /// Called before each record; throws where the chunk is no longer the one. ``run()`` throws the same error.
    let renew: @Sendable () async throws -> Void
    /// Called at each acknowledgement.
    let onProgress: @Sendable () -> Void

    /// Returns when the queue is finished and empty.
    ///
    /// - Throws: when the chunk takes no more, or the primary fails; what is not acknowledged stays in the queue.
    func run() async throws {
        var options = CallOptions()
        options.maxSendMessageBytes = target.chunkSize / 4 + AppendRequest.maxPrefixSize
        try await context.chunkServers.withPeer(target.primary) { peer in
            let (channel, sent) = (peer.channel, options)
            do {
                try await channel.withCall(Methods.append, sent) { call in try await exchange(call) }
            } catch let error as RenewalFailure {
                throw error.cause
            } catch {
                throw DFSError(error, from: peer.name)
            }
        }
    }

    private func exchange(_ call: ClientCall) async throws {
        try await call.send(RPCMessage(segments: AppendRequest(chunk: target.chunk).encoded()))
        let watch = AppendWatch(limit: stallLimit)
        try await withThrowingTaskGroup(of: Bool.self) { tasks in
            defer { tasks.cancelAll() }
            tasks.addTask {
                try await send(call, watch)
                return false
            }
            tasks.addTask {
                try await receive(call, watch)
                return true
            }
            tasks.addTask {
                try await watch.run()
                return false
            }
            while let isOver = try await tasks.next() { if isOver { return } }
        }
    }

    private func send(_ call: ClientCall, _ watch: AppendWatch) async throws {
        let (changes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        queue.withLock { $0.onChange = continuation }
        continuation.yield()
        for await _ in changes {
            while let item = queue.withLock({ $0.takeUnsent() }) {
                watch.begin()
                do {
                    try await renew()
                } catch {
                    throw RenewalFailure(cause: error)
                }
                let request = AppendRequest(recordID: item.id, crc32c: item.crc32c, data: [item.data])
                try await call.send(RPCMessage(segments: request.encoded()))
            }
            if queue.withLock({ $0.isFinished && !$0.hasUnsent }) { break }
        }
        try Task.checkCancellation()
        call.finishSending()
    }

    private func receive(_ call: ClientCall, _ watch: AppendWatch) async throws {
        while try await call.receive(AppendResponse.self) != nil {
            let isRest = try queue.withLock { queue throws(DFSError) -> Bool in
                guard queue.sentCount > 0 else {
                    throw DFSError(.dataLoss, "the server acknowledges a record that it was not sent")
                }
                queue.finishFirst()
                return queue.sentCount == 0
            }
            watch.note(isRest: isRest)
            onProgress()
        }
        guard queue.withLock({ $0.isFinished && $0.isEmpty }) else {
            throw DFSError(.unavailable, "the server has ended the append before all was acknowledged")
        }
    }
}

/// What ``AppendStream/renew`` has thrown, which is none of the call's errors.
private struct RenewalFailure: Error { let cause: any Error }

/// Finds out that a primary lets wait.
private final class AppendWatch: Sendable {
    private let limit: Duration
    private let waitingSince = Mutex<ContinuousClock.Instant?>(nil)

    init(limit: Duration) { self.limit = limit }

    /// Something is on its way.
    func begin() { waitingSince.withLock { $0 = $0 ?? .now } }

    /// Something was acknowledged; nothing is on its way any more where that was the rest.
    func note(isRest: Bool) { waitingSince.withLock { $0 = isRest ? nil : .now } }

    /// - Throws: ``DFSError`` of code ``DFSError/Code/deadlineExceeded`` once the wait is too long.
    func run() async throws {
        while true {
            try await Task.sleep(for: limit / 8)
            let isOver = waitingSince.withLock { since in since.map { .now - $0 > limit } ?? false }
            if isOver { throw DFSError(.deadlineExceeded, "nothing was acknowledged for \(limit)") }
        }
    }
}
