import DFSCore
import Synchronization

/// One reader's pieces of a chunk, on their way to several replicas: each piece is there once, shared by all.
///
/// A piece is dropped when every replica has taken it, and the reader stops at ``capacity`` pieces until half of them are
/// gone: the slowest replica sets the pace, memory is bounded, and the reader is not woken for every piece. A replica that
/// leaves no longer holds the others up.
package final class ChunkFeed<Piece: Sendable>: Sendable {
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
    /// A reader that has stopped goes on when no more pieces than this are held.
    private let lowWaterMark: Int
    private let state: Mutex<State>

    /// - Parameters:
    ///   - consumerCount: the replicas, numbered from 0.
    ///   - capacity: how many pieces are held at once.
    package init(consumerCount: Int, capacity: Int) {
        self.capacity = max(1, capacity)
        lowWaterMark = self.capacity / 2
        state = Mutex(State(consumers: Dictionary(uniqueKeysWithValues: (0..<consumerCount).map { ($0, Consumer()) })))
    }

    // MARK: The reader

    /// Whether a piece can be pushed now.
    package var hasRoom: Bool { state.withLock { $0.isWanted && $0.pieces.count < capacity } }

    /// Waits until there is room for half of all pieces.
    ///
    /// - Returns: `false` when nobody wants them any more.
    package func waitForRoom() async -> Bool {
        await withCheckedContinuation { continuation in
            let mustWait = state.withLock { state in
                if mayProduce(state) { return false }
                state.producer = continuation
                return true
            }
            if !mustWait { continuation.resume() }
        }
        return state.withLock { $0.isWanted }
    }

    private func mayProduce(_ state: State) -> Bool { !state.isWanted || state.pieces.count <= lowWaterMark }

    /// Adds a piece and wakes the replicas that wait for it.
    package func push(_ piece: Piece) {
        wake { $0.pieces.append(piece) }
    }

    /// No piece follows.
    package func finish() {
        wake { $0.ending = $0.ending ?? .success(()) }
    }

    /// Ends everything: replicas and reader stop at once.
    package func fail(_ error: DFSError) {
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
    package func next(_ consumer: Int) async throws(DFSError) -> Piece? {
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
    package func leave(_ consumer: Int) {
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
            guard mayProduce(state) else { return (.success(piece), nil) }
            defer { state.producer = nil }
            return (.success(piece), state.producer)
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
            if mayProduce(state), let producer = state.producer {
                waiters.append(producer)
                state.producer = nil
            }
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

extension ChunkFeed.State {
    /// Whether more pieces are of use to anybody.
    fileprivate var isWanted: Bool { !consumers.isEmpty && ending == nil }

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
