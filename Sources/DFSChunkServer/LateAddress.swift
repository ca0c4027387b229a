import DFSCore
import Synchronization

/// What the master and its clients dial to reach this node: known once the server listens, and set before first use.
final class LateAddress: Sendable {
    private let value = Mutex("")

    func set(_ address: ServerAddress) { value.withLock { $0 = address.description } }

    var text: String { value.withLock { $0 } }
}
