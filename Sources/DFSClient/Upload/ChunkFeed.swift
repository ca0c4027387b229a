import DFSCore
import Synchronization

/// One reader's pieces of a chunk, on their way to several replicas: each piece is there once, shared by all.
///
/// A piece is dropped when every replica has taken it, and the reader waits while ``capacity`` pieces are held: the slowest
/// replica sets the pace, and memory is bounded. A replica that leaves no longer holds the others up.
final class ChunkFeed: Sendable {
    typealias Piece = LocalSource.Piece

    fileprivate struct Consumer {
        /// The number of the next piece that it takes.
        var position = 0
        var waiter: CheckedContinuation<Void, Never>?
    }

    fileprivate struct State {
        var pieces: [Piece] = []
        /// The number of the first piece held.
        var base = 0
        var consumers: [Int: Consumer]
        var ending: Result<Void, DFSError>?
        var producer: CheckedContinuation<Void, Never>?
    }

    private let capacity: Int
    private let state: Mutex<State>

    /// - Parameter consumerCount: the replicas, numbered from 0.
    init(consumerCount: Int, capacity: Int) {
        self.capacity = max(1, capacity)
        state = Mutex(State(consumers: Dictionary(uniqueKeysWithValues: (0..<consumerCount).map { ($0, Consumer()) })))
    }

    // MARK: The reader

    /// Waits until there is room for a piece.
    ///
    /// - Returns: `false` when nobody wants it any more.
    func waitForRoom() async -> Bool {
        while true {
            let isRoom = state.withLock { state -> Bool? in
                if state.consumers.isEmpty || state.ending != nil { return false }
                return state.pieces.count < capacity ? true : nil
            }
            if let isRoom { return isRoom }
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    let mustWait =
                        state.pieces.count >= capacity && !state.consumers.isEmpty && state.ending == nil
                    if mustWait { state.producer = continuation }
                    return mustWait
                }
                if !mustWait { continuation.resume() }
            }
        }
    }

    /// Adds a piece and wakes the replicas that wait for it.
    func push(_ piece: Piece) {
        wake { $0.pieces.append(piece) }
    }

    /// No piece follows.
    func finish() {
        wake { $0.ending = $0.ending ?? .success(()) }
    }

    /// Ends everything: replicas and reader stop at once.
    func fail(_ error: DFSError) {
        wake { state in
            state.ending = .failure(error)
            state.base += state.pieces.count
            state.pieces = []
        }
    }

    // MARK: The replicas

    /// The next piece for `consumer`; `nil` after the last one.
    ///
    /// - Throws: what the feed failed with.
    func next(_ consumer: Int) async throws(DFSError) -> Piece? {
        while true {
            if let next = try take(consumer) { return next }
            if state.withLock({ $0.isFinished(consumer) }) { return nil }
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    let mustWait = state.mustWait(consumer)
                    if mustWait { state.consumers[consumer]?.waiter = continuation }
                    return mustWait
                }
                if !mustWait { continuation.resume() }
            }
        }
    }

    /// `consumer` takes no more pieces.
    func leave(_ consumer: Int) {
        wake { state in
            state.consumers[consumer]?.waiter?.resume()
            state.consumers[consumer] = nil
            state.dropTaken()
        }
    }

    private func take(_ consumer: Int) throws(DFSError) -> Piece? {
        let (result, producer) = state.withLock {
            state -> (Result<Piece?, DFSError>, CheckedContinuation<Void, Never>?) in
            if case .failure(let error)? = state.ending { return (.failure(error), nil) }
            guard let position = state.consumers[consumer]?.position, position < state.base + state.pieces.count else {
                return (.success(nil), nil)
            }
            let piece = state.pieces[position - state.base]
            state.consumers[consumer]?.position += 1
            state.dropTaken()
            defer { state.producer = state.pieces.count < capacity ? nil : state.producer }
            return (.success(piece), state.pieces.count < capacity ? state.producer : nil)
        }
        producer?.resume()
        return try result.get()
    }

    /// Changes the state and wakes all who wait, to look again.
    private func wake(_ change: (inout State) -> Void) {
        let waiters = state.withLock { state in
            change(&state)
            var waiters = state.consumers.values.compactMap(\.waiter)
            for consumer in state.consumers.keys { state.consumers[consumer]?.waiter = nil }
            if state.pieces.count < capacity || state.ending != nil || state.consumers.isEmpty,
                let producer = state.producer
            {
                waiters.append(producer)
                state.producer = nil
            }
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

extension ChunkFeed.State {
    fileprivate func isFinished(_ consumer: Int) -> Bool {
        guard let position = consumers[consumer]?.position else { return true }
        guard case .success? = ending else { return false }
        return position == base + pieces.count
    }

    fileprivate func mustWait(_ consumer: Int) -> Bool {
        guard let position = consumers[consumer]?.position, ending == nil else { return false }
        return position == base + pieces.count
    }

    /// Drops the pieces that every replica has taken.
    fileprivate mutating func dropTaken() {
        let taken = (consumers.values.map(\.position).min() ?? base + pieces.count) - base
        guard taken > 0 else { return }
        pieces.removeFirst(taken)
        base += taken
    }
}
