import DFSCore
import DFSServices
import DFSWire
import RPC
import Synchronization

/// The call by which one other server of a chunk gets its bytes, for as long as the chunk is open.
final class ReplicaLink: Sendable {
    private struct State {
        /// What is to be sent, and who waits for the answer.
        var delivery: (batch: RecordBatch, continuation: CheckedContinuation<Void, any Error>)?
        var failure: DFSError?
        var isClosed = false
    }

    /// As the master calls it.
    let server: String
    private let chunk: OpenChunkVersion
    private let chunkSize: Int64
    private let limit: Duration
    private let state = Mutex(State())
    private let bell = Bell()

    /// - Parameter limit: how long the server may take for a batch.
    init(server: String, chunk: OpenChunkVersion, chunkSize: Int64, limit: Duration) {
        self.server = server
        self.chunk = chunk
        self.chunkSize = chunkSize
        self.limit = limit
    }

    /// Returns when the server has the batch durably. One batch at a time.
    func deliver(_ batch: RecordBatch) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let failure = state.withLock { state -> DFSError? in
                if let failure = state.failure { return failure }
                state.delivery = (batch, continuation)
                return nil
            }
            if let failure { return continuation.resume(throwing: failure) }
            bell.ring()
        }
    }

    /// Ends the call in order.
    func close() {
        state.withLock { $0.isClosed = true }
        bell.ring()
    }

    /// Holds the call until ``close()``, the server's failure, or the end of the task.
    func run(_ peers: PeerPool) async {
        do {
            try await peers.withPeer(try ServerAddress(server)) { [self] peer in
                var options = CallOptions()
                options.maxSendMessageBytes = AppendSettings.maxRecordSize + ReplicateRequest.maxPrefixSize
                let settled = options
                try await StallWatch.run(limit: limit, on: peer.channel.executor.eventLoop) { watch in
                    // Ends with the answer to the first request; connecting counts, too.
                    try await watch.waiting {
                        try await peer.channel.withCall(Methods.replicate, settled) { call in
                            try await self.serve(call, watch)
                        }
                    }
                }
            }
            fail(DFSError(.unavailable, "\(server) is no longer sent chunk \(chunk.chunkID)"))
        } catch {
            fail(DFSError(error, from: "chunk server \(server)"))
        }
    }

    private func serve(_ call: ClientCall, _ watch: StallWatch) async throws {
        let opening = ReplicateRequest(chunk: chunk, chunkSize: UInt64(chunkSize))
        try await send(opening, of: 0, call, watch)
        while let batch = await nextBatch() {
            let request = ReplicateRequest(offset: UInt64(batch.offset), crc32c: batch.crc32c, data: batch.data)
            try await send(request, of: UInt64(batch.end), call, watch)
            take()?.resume()
        }
        call.finishSending()
    }

    /// Sends a request and waits until the server has so many bytes.
    private func send(
        _ request: ReplicateRequest, of end: UInt64, _ call: ClientCall, _ watch: StallWatch
    ) async throws {
        let message = RPCMessage(segments: try request.encoded())
        let answer = try await watch.waiting {
            try await call.send(message)
            return try await call.receive(ReplicateResponse.self)
        }
        guard answer?.length == end else {
            let length = answer.map { "\($0.length)" } ?? "no"
            throw DFSError(.dataLoss, "\(server) has \(length) bytes of chunk \(chunk.chunkID), not \(end)")
        }
    }

    /// `nil` when there is none to come.
    private func nextBatch() async -> RecordBatch? {
        while !Task.isCancelled {
            let (batch, isClosed) = state.withLock { ($0.delivery?.batch, $0.isClosed) }
            if isClosed { return nil }
            if let batch { return batch }
            await bell.wait()
        }
        return nil
    }

    private func take() -> CheckedContinuation<Void, any Error>? {
        state.withLock { state in
            defer { state.delivery = nil }
            return state.delivery?.continuation
        }
    }

    private func fail(_ error: DFSError) {
        state.withLock { $0.failure = $0.failure ?? error }
        take()?.resume(throwing: error)
    }
}
