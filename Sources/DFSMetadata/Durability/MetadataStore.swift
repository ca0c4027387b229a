import DFSCore

/// The seam between the master's decisions and what survives a crash.
///
/// All calls come from one thread, one at a time, and may block.
package protocol MetadataStore: Sendable {
    /// Reads everything that was ever appended.
    ///
    /// - Throws: ``DFSError/Code/dataLoss`` where the store is damaged.
    func load() throws(DFSError) -> MetadataImage

    /// Makes `batch` durable, whole or not at all: on return it survives a crash of the process and of the machine.
    ///
    /// The batch holds the changes of all callers that waited together (group commit), in the order of their decisions.
    ///
    /// - Throws: ``DFSError/Code/resourceExhausted`` on a full disk, ``DFSError/Code/dataLoss`` or
    ///   ``DFSError/Code/internal`` otherwise. Nothing of the batch is kept then.
    func append(_ batch: [Mutation]) throws(DFSError)

    /// Gives up the files and locks; nothing may be called after.
    func close() throws(DFSError)
}
