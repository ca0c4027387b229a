import DFSCore
import DFSMetadata
import Synchronization

/// A store in memory that keeps its word: a batch that was taken survives everything, one that was refused leaves nothing.
final class SimulatedStore: MetadataStore {
    private struct State {
        var image = MetadataImage(clusterID: "simulation")
        var failsNext = false
    }

    private let state = Mutex(State())

    /// What is durable.
    var image: MetadataImage { state.withLock { $0.image } }

    let location = "the simulated store"

    /// The next batch meets a full disk.
    func failNext() { state.withLock { $0.failsNext = true } }

    func load(_ take: (StoredRecord) throws(DFSError) -> Void) throws(DFSError) -> String {
        for record in image.records { try take(record) }
        return image.clusterID
    }

    func append(_ batch: [Mutation]) throws(DFSError) {
        try state.withLock { (state) throws(DFSError) in
            if state.failsNext, !batch.isEmpty {
                state.failsNext = false
                throw DFSError(.resourceExhausted, "the disk of the store is full (simulated)")
            }
            for mutation in batch { state.image.apply(mutation) }
        }
    }

    func close() {}
}
