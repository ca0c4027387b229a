import Logging
import NIOCore

// Connections of TLS ports, until they are connections like others.
extension RPCServer {
    /// Reads the certificate files of all TLS ports again now, and logs what came of it.
    package func reloadTLS() async {
        for tls in state.withLock({ $0.tls }) { await tls.reload() }
    }

    /// Begins the handshake of an accepted connection, and takes the connection when it is done.
    func startTLS(_ tls: ServerTLS, on channel: any Channel) -> EventLoopFuture<Void> {
        guard admitHandshake(channel) else {
            return channel.eventLoop.makeFailedFuture(
                RPCError(.resourceExhausted, "too many connections, or shutting down"))
        }
        channel.closeFuture.whenComplete { _ in self.handshakeEnded(channel) }
        return tls.start(on: channel).map { handshake in
            handshake.whenComplete { result in self.takeSecured(channel, result) }
        }
    }

    private func takeSecured(_ channel: any Channel, _ handshake: Result<Void, any Error>) {
        handshakeEnded(channel)
        do {
            try handshake.get()
            let transport = SocketTransport(eventLoop: channel.eventLoop, isSecure: true)
            try channel.pipeline.syncOperations.addHandler(transport)
            transport.receiver = try accept(transport)
        } catch {
            let reason = (error as? RPCError)?.message ?? "\(error)"
            logger.debug(
                "connection refused",
                metadata: ["peer": "\(channel.remoteAddress?.ipAddress ?? "")", "reason": "\(reason)"])
            channel.close(promise: nil)
        }
    }

    private func admitHandshake(_ channel: any Channel) -> Bool {
        state.withLock { state in
            if state.isFull(configuration) { return false }
            state.handshaking[ObjectIdentifier(channel)] = channel
            return true
        }
    }

    private func handshakeEnded(_ channel: any Channel) {
        state.withLock { $0.handshaking[ObjectIdentifier(channel)] = nil }
    }
}

extension RPCServer.State {
    /// Whether one more connection is refused.
    func isFull(_ configuration: RPCServer.Configuration) -> Bool {
        isShuttingDown || connections.count + handshaking.count >= configuration.maxConnections
    }
}
