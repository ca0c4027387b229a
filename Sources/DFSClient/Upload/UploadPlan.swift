/// Which chunk of a put is allocated next, and which is sent: in order, a few at a time.
///
/// One chunk is allocated ahead of those being sent, so that a place that becomes free is taken at once and does not wait
/// for the master's disk. Under a Go master none is: it forgets a chunk that no heartbeat lists soon enough.
struct UploadPlan: Sendable {
    private let chunkCount: Int
    private let chunksInFlight: Int
    private let allocatesAhead: Bool
    /// Chunks that need not be sent.
    private let settled: Set<Int>
    /// The next index to ask the master for.
    private var nextIndex = 0
    /// The one that ``ready`` is for.
    private var readyIndex = 0
    private var isAllocating = false
    /// Allocated, and not being sent yet.
    private var ready: ChunkAllocation?
    private var sending = 0

    init(chunkCount: Int, chunksInFlight: Int, allocatesAhead: Bool, without settled: Set<Int> = []) {
        self.chunkCount = chunkCount
        self.chunksInFlight = max(1, chunksInFlight)
        self.allocatesAhead = allocatesAhead
        self.settled = settled
        skipSettled()
    }

    /// The chunk to ask the master for now, if any; ``take(_:)`` brings the answer.
    mutating func startAllocation() -> Int? {
        guard nextIndex < chunkCount, !isAllocating, ready == nil, allocatesAhead || sending < chunksInFlight else {
            return nil
        }
        isAllocating = true
        return nextIndex
    }

    /// The answer of the allocation that was started.
    mutating func take(_ allocation: ChunkAllocation) {
        isAllocating = false
        ready = allocation
        readyIndex = nextIndex
        nextIndex += 1
        skipSettled()
    }

    private mutating func skipSettled() {
        while settled.contains(nextIndex) { nextIndex += 1 }
    }

    /// The chunk to send now, if any; ``endChunk()`` follows when it is written.
    mutating func startChunk() -> (index: Int, allocation: ChunkAllocation)? {
        guard let allocation = ready, sending < chunksInFlight else { return nil }
        ready = nil
        sending += 1
        return (readyIndex, allocation)
    }

    /// A chunk that was being sent is written.
    mutating func endChunk() { sending -= 1 }
}
