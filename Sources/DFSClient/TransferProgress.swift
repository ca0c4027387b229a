import Synchronization

/// How far a transfer is.
public struct TransferProgress: Sendable, Equatable {
    /// Bytes that have moved; it falls back where a chunk must be sent or fetched anew.
    public let byteCount: Int
    /// Bytes of the whole file; `nil` while unknown (a get under a Go master).
    public let totalByteCount: Int?

    /// For those who drive a ``ProgressHandler`` themselves.
    public init(byteCount: Int, totalByteCount: Int?) {
        self.byteCount = byteCount
        self.totalByteCount = totalByteCount
    }
}

/// Told of a transfer's progress, about once for each buffer; must not block.
public typealias ProgressHandler = @Sendable (TransferProgress) -> Void

/// Adds the progress of a transfer's chunks up.
final class ProgressMeter: Sendable {
    private struct State {
        var chunks: [Int: Int] = [:]
        var sum = 0
    }

    private let totalByteCount: Int?
    private let handler: ProgressHandler?
    private let state = Mutex(State())

    init(totalByteCount: Int?, handler: ProgressHandler?) {
        self.totalByteCount = totalByteCount
        self.handler = handler
    }

    /// Chunk `index` has come as far as `byteCount` bytes.
    func chunk(_ index: Int, at byteCount: Int) {
        guard let handler else { return }
        // Under the lock, so that calls come one at a time and in order.
        state.withLock { state in
            state.sum += byteCount - (state.chunks[index] ?? 0)
            state.chunks[index] = byteCount
            handler(TransferProgress(byteCount: state.sum, totalByteCount: totalByteCount))
        }
    }
}
