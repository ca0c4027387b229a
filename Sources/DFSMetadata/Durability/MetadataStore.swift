import DFSCore

/// The seam between the master's decisions and what survives a crash.
///
/// All calls come from one thread, one at a time, and may block.
package protocol MetadataStore: Sendable {
    /// Where it is, for people.
    var location: String { get }

    /// Hands out everything that was ever appended, in the order that ``MasterRecovery`` takes.
    ///
    /// - Returns: the cluster's id, made when the store was.
    /// - Throws: what `take` throws, and ``DFSError/Code/dataLoss`` where the store is damaged.
    func load(_ take: (StoredRecord) throws(DFSError) -> Void) throws(DFSError) -> String

    /// Makes `batch` durable, whole or not at all: on return it survives a crash of the process and of the machine.
    ///
    /// The batch holds the changes of all callers that waited together (group commit), in the order of their decisions.
    ///
    /// - Throws: ``DFSError/Code/failedPrecondition`` where another master has opened the store since (each opening begins an
    ///   epoch, and only the newest one may write), ``DFSError/Code/resourceExhausted`` on a full disk, ``DFSError/Code/dataLoss`` or
    ///   ``DFSError/Code/internal`` otherwise. Nothing of the batch is kept then.
    func append(_ batch: [Mutation]) throws(DFSError)

    /// Gives up the files and locks; nothing may be called after.
    func close() throws(DFSError)
}

extension MetadataStore {
    /// Makes a master's state of everything in the store.
    ///
    /// - Throws: as ``load(_:)``, and ``DFSError/Code/dataLoss`` where the parts do not agree.
    package func recover(
        policy: ClusterPolicy, seed: UInt64, now: MonotonicInstant
    ) throws(DFSError) -> (state: MasterState, clusterID: String) {
        var recovery = MasterRecovery(policy: policy, seed: seed, now: now, location: location)
        let clusterID = try load { record throws(DFSError) in try recovery.add(record) }
        return (try recovery.finish(), clusterID)
    }
}
