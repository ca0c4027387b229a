/// Who this node is to others.
struct NodeIdentity: Sendable {
    /// What the master and its clients dial, as the operator wrote it.
    let address: String
    /// Kept in the storage folder.
    let nodeID: String
}
