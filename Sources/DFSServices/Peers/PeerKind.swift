import DFSCore
import DFSWire
import RPC

/// What stands at the other end of a connection.
package enum PeerKind: Sendable, Equatable {
    /// One of ours, and what it says of itself.
    case swift(DescribeResponse)
    /// A node that does not know `Describe`.
    case go

    /// Whether the peer knows the services of `cluster.proto`.
    package var isSwift: Bool {
        if case .swift = self { return true }
        return false
    }
}

extension ClientChannel {
    /// Asks what the server is: UNIMPLEMENTED means a Go node.
    ///
    /// - Parameters:
    ///   - timeout: for the whole call, with connecting.
    ///   - peer: names the other side in errors.
    package func describe(timeout: Duration = .seconds(8), peer: String) async throws(DFSError) -> PeerKind {
        do {
            let options = CallOptions(timeout: timeout)
            return .swift(try await unary(Methods.describe, DescribeRequest(), options: options, peer: peer))
        } catch  where error.code == .unimplemented {
            return .go
        }
    }
}
