import DFSCore
import Synchronization

/// One Append call: the records that it brought and that are not answered yet, in order.
final class AppendCaller: Sendable {
    /// Unanswered records of one call; its next one waits.
    private static let depth = 1024

    private struct State {
        var places: [RecordPlace] = []
        var head = 0
        /// No further record comes; and why, where that is an error.
        var ending: Result<Void, DFSError>?
    }

    private let state = Mutex(State())
    /// Heard by what answers.
    private let answering = Bell()
    /// Heard by what reads.
    private let reading = Bell()

    /// Something may have become of the records.
    func notify() { answering.ring() }

    /// A record has its place. Waits while too many are unanswered.
    func push(_ place: RecordPlace) async {
        state.withLock { $0.places.append(place) }
        answering.ring()
        while !Task.isCancelled, state.withLock({ $0.places.count - $0.head >= Self.depth }) { await reading.wait() }
    }

    /// No further record comes.
    func finish(_ ending: Result<Void, DFSError>) {
        state.withLock { $0.ending = ending }
        answering.ring()
    }

    /// Waits for the next record to be committed.
    ///
    /// - Returns: its place; `nil` when all are answered and the client is done.
    /// - Throws: why no more is answered.
    func next(_ primary: PrimaryChunk) async throws -> RecordPlace? {
        while true {
            try Task.checkCancellation()
            let (place, ending) = state.withLock { state in
                (state.head < state.places.count ? state.places[state.head] : nil, state.ending)
            }
            if let place {
                if try primary.isCommitted(place) {
                    pop()
                    return place
                }
            } else if let ending {
                try ending.get()
                return nil
            } else if let end = primary.end {
                throw end
            }
            await answering.wait()
        }
    }

    private func pop() {
        state.withLock { state in
            state.head += 1
            if state.head == state.places.count {
                state.places.removeAll(keepingCapacity: true)
                state.head = 0
            } else if state.head >= Self.depth {
                state.places.removeFirst(state.head)
                state.head = 0
            }
        }
        reading.ring()
    }
}
