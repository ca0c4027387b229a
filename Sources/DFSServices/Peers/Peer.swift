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
    private let known = Mutex<Known?>(nil)

    /// What was learnt of the peer, and over which connection of the channel.
    private struct Known {
        let kind: PeerKind
        let connection: UInt64
    }

    private let last = Mutex<PeerKind?>(nil)

    /// What the peer said that it is when it was asked last, over any connection, whatever ``forgetKind()`` forgets; `nil` where it
    /// has never answered.
    // Never inlined behind an `await`: it takes a lock (decision 32).
    package var lastKind: PeerKind? {
        @inline(never) get { last.withLock { $0 } }
    }

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

    /// What the peer is: asked once over each connection, since another node may answer the next one, and again after
    /// ``forgetKind()``.
    ///
    /// - Parameter timeout: for the question.
    package func kind(timeout: Duration = .seconds(8)) async throws(DFSError) -> PeerKind {
        let connection = channel.readyConnection
        if let connection, let known = known.withLock({ $0 }), known.connection == connection { return known.kind }
        let kind = try await channel.describe(timeout: timeout, peer: name)
        note(kind, over: connection)
        return kind
    }

    /// Keeps what was answered, for the next calls where that can only have come over the connection that is ready now.
    ///
    /// - Parameter connection: the one that was ready before the question.
    // Never inlined behind an `await`: it takes a lock (decision 32).
    @inline(never)
    private func note(_ kind: PeerKind, over connection: UInt64?) {
        last.withLock { $0 = kind }
        guard let now = channel.readyConnection, connection == nil || connection == now else { return }
        known.withLock { $0 = Known(kind: kind, connection: now) }
    }

    /// To be called where something speaks against what is known of the peer.
    @inline(never)
    package func forgetKind() {
        known.withLock { $0 = nil }
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

    /// What an error of a call to this peer means; after a lost connection, or where it does not know the method, the kind is asked
    /// anew.
    func failure(_ error: any Error) -> DFSError {
        let error = DFSError(error, from: name)
        if error.code == .unavailable || error.code == .unimplemented { forgetKind() }
        return error
    }
}
