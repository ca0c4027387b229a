import Synchronization

/// Two downloads of the same bytes, of which the one with the first byte goes on and the other ends.
final class DownloadRace: Sendable {
    enum Lane: Sendable { case first, second }

    private let winner = Mutex<Lane?>(nil)
    private let (firstLosing, firstLost) = AsyncStream<Never>.makeStream()
    private let (secondLosing, secondLost) = AsyncStream<Never>.makeStream()

    /// Whether no byte has come on either lane.
    var isOpen: Bool { winner.withLock { $0 == nil } }

    /// A first byte has come on `lane`.
    ///
    /// - Returns: whether that lane goes on.
    func claim(_ lane: Lane) -> Bool {
        let isWinner = winner.withLock { winner in
            if winner == nil { winner = lane }
            return winner == lane
        }
        if isWinner { (lane == .first ? secondLost : firstLost).finish() }
        return isWinner
    }

    /// Runs one lane; `body` is cancelled when the other lane wins.
    ///
    /// - Returns: `false` where the other lane has won.
    /// - Throws: what `body` throws before that.
    func run(_ lane: Lane, _ body: @escaping @Sendable () async throws -> Void) async throws -> Bool {
        try await withThrowingTaskGroup(of: Bool.self) { tasks in
            tasks.addTask {
                try await body()
                return true
            }
            tasks.addTask { [self] in
                for await _ in lane == .first ? firstLosing : secondLosing {}
                return false
            }
            defer { tasks.cancelAll() }
            do {
                while let hasEnded = try await tasks.next() {
                    if hasEnded { return true }
                    tasks.cancelAll()
                }
                return false
            } catch {
                if winner.withLock({ $0 != nil && $0 != lane }) { return false }
                throw error
            }
        }
    }
}
