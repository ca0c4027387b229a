import DFSCore
import DFSServices

extension PeerKind {
    /// Makes sure that the peer is another node than this one, whose own acknowledgement would count for a second copy.
    ///
    /// - Parameter nodeID: of this node.
    /// - Throws: where it is this node: the address means another machine to whoever named it.
    func checkIsOther(than nodeID: String, at address: ServerAddress) throws(DFSError) {
        guard case .swift(let description) = self, description.nodeID == nodeID else { return }
        throw DFSError(
            .failedPrecondition,
            "chunk server \(address) is this one, seen from here; give it an address with a host by -advertise")
    }
}
