import NIOCore
import NIOPosix

/// Connects to one address.
struct AddressConnector: TransportConnector {
    let address: TargetAddress
    /// Whom a TLS certificate must be for; `nil` for a socket of this machine.
    let host: String?
    let tls: ClientTLS?
    let eventLoop: any EventLoop

    func connect(
        timeout: TimeAmount, attach: @escaping @Sendable (any ByteTransport) throws -> any TransportReceiver
    ) -> EventLoopFuture<Void> {
        let deadline = NIODeadline.now() + timeout
        return channel(timeout).flatMap { [host, tls] channel in
            channel.carry(tls: tls, host: host, deadline: deadline, attach: attach)
        }
    }

    private func channel(_ timeout: TimeAmount) -> EventLoopFuture<any Channel> {
        let bootstrap = ClientBootstrap.forCalls(on: eventLoop, timeout: timeout)
        do {
            switch address {
            case .ip(let host, let port):
                return bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .connect(to: try SocketAddress(ipAddress: host, port: Int(port)))
            case .unix(let path): return bootstrap.connect(to: try SocketAddress(unixDomainSocketPath: path))
            case .abstract(let name): return bootstrap.withConnectedSocket(try AbstractSocket.connect(name))
            }
        } catch SocketAddressError.unixDomainSocketPathTooLong {
            return eventLoop.makeFailedFuture(RPCError(.unavailable, "the path is too long for a socket; shorten it"))
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }
}
