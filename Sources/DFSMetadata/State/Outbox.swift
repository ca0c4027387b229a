import DFSCore

/// Gathers what a step has to say on heartbeat streams, so that each stream gets one message of it.
struct Outbox: Sendable {
    private var batches: [(stream: StreamToken, batch: TaskBatch)] = []

    /// Makes sure that the step sends a message on `stream`, even an empty one: each heartbeat is answered, once.
    mutating func answer(_ stream: StreamToken) { batches[position(of: stream)].batch.isAnswer = true }

    mutating func wantFullReport(on stream: StreamToken) { batches[position(of: stream)].batch.wantsFullReport = true }

    mutating func addUnwanted(_ chunk: ChunkID, to stream: StreamToken) {
        batches[position(of: stream)].batch.unwanted.append(chunk)
    }

    mutating func add(_ copy: TaskBatch.Copy, to stream: StreamToken) {
        batches[position(of: stream)].batch.copies.append(copy)
    }

    mutating func addDeletion(_ chunk: ChunkID, to stream: StreamToken) {
        batches[position(of: stream)].batch.deletions.append(chunk)
    }

    /// The messages of this step, in the order in which their streams were first named.
    mutating func drain() -> [Effect] {
        defer { batches.removeAll() }
        return batches.map { .heartbeatResponse($0.stream, $0.batch) }
    }

    private mutating func position(of stream: StreamToken) -> Int {
        if let known = batches.firstIndex(where: { $0.stream == stream }) { return known }
        batches.append((stream, TaskBatch()))
        return batches.count - 1
    }
}
