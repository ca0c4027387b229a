import DFSCore
import Synchronization

/// What the master and its clients dial to reach this node: known once the server listens, and set before first use.
final class LateAddress: Sendable {
    private let value = Mutex((text: "", tlsPort: UInt16(0)))

    /// - Parameter tlsPort: 0 where the node serves no TLS.
    func set(_ address: ServerAddress, tlsPort: UInt16) {
        value.withLock { $0 = (address.description, tlsPort) }
    }

    var text: String { value.withLock { $0.text } }
    var tlsPort: UInt16 { value.withLock { $0.tlsPort } }
}
