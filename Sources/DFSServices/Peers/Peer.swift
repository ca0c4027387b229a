import DFSCore
import DFSWire
import Logging
import NIOCore
import RPC
import Synchronization

/// One server that this process talks to: its channel, and what kind of node it is.
package final class Peer: Sendable {
    package let address: ServerAddress
    /// Where the peer is dialled.
    let dialled: ServerAddress
    package let channel: ClientChannel
    /// Names the peer in errors, such as `chunk server :9001`.
    package let name: String
    /// Bytes of chunks that it has been sent, of all uploads.
    let uploaded = Atomic<Int>(0)
    private let knownKind = Mutex<PeerKind?>(nil)

    /// Connects to nothing yet.
    ///
    /// - Parameters:
    ///   - dialled: where it is dialled, where that is not its address.
    ///   - role: how errors call the peer, such as `master`.
    package init(
        address: ServerAddress, dialled: ServerAddress? = nil, role: String, group: any EventLoopGroup,
        configuration: ClientChannel.Configuration = .init(), logger: Logger
    ) {
        self.address = address
        let dialled = dialled ?? address
        self.dialled = dialled
        name = "\(role) \(address)"
        channel = ClientChannel(
            host: dialled.host, port: dialled.port, group: group, configuration: configuration, logger: logger)
    }

    /// What the peer is: asked once, and again after ``forgetKind()``.
    ///
    /// - Parameter timeout: for the question.
    package func kind(timeout: Duration = .seconds(8)) async throws(DFSError) -> PeerKind {
        if let known = knownKind.withLock({ $0 }) { return known }
        let kind = try await channel.describe(timeout: timeout, peer: name)
        knownKind.withLock { $0 = kind }
        return kind
    }

    /// To be called when the connection was lost: another node may answer next time.
    package func forgetKind() {
        knownKind.withLock { $0 = nil }
    }

    /// A unary call to the peer. After a lost connection the kind is asked anew.
    package func unary<Request: WireMessage, Response: WireMessage>(
        _ path: MethodPath, _ request: Request, as type: Response.Type = Response.self,
        options: CallOptions = CallOptions()
    ) async throws(DFSError) -> Response {
        do {
            return try await channel.unary(path, request, as: type, options: options, peer: name)
        } catch {
            throw failure(error)
        }
    }

    /// What an error of a call to this peer means; after a lost connection the kind is asked anew.
    func failure(_ error: any Error) -> DFSError {
        let error = DFSError(error, from: name)
        if error.code == .unavailable { forgetKind() }
        return error
    }
}
