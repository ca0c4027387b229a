import NIOCore

/// The far end of a server's connection in memory: sends whatever bytes it likes, and drops what it gets. For tests and
/// tools; all calls come on its event loop.
package final class InMemoryPeer: TransportReceiver {
    private let transport: InMemoryTransport
    private let closed: EventLoopPromise<Void>
    /// Bytes that the server has sent.
    package private(set) var receivedByteCount = 0

    /// - Throws: ``RPCError`` where the server takes no connection.
    package init(connectedTo server: RPCServer, on eventLoop: any EventLoop) throws {
        let (near, far) = InMemoryTransport.pair(eventLoop: eventLoop)
        transport = near
        closed = eventLoop.makePromise()
        do {
            far.receiver = try server.accept(far)
        } catch {
            closed.succeed()
            throw error
        }
        near.receiver = self
    }

    package func send(_ bytes: ByteBuffer) { transport.write([bytes]) }

    /// Ends the connection, if the server has not.
    ///
    /// - Returns: true, once the server has let go of it.
    package func close() -> EventLoopFuture<Bool> {
        transport.close()
        return closed.futureResult.map { true }
    }

    func received(_ buffer: ByteBuffer) { receivedByteCount += buffer.readableBytes }
    func readCompleted() {}
    func writabilityChanged() {}
    func transportClosed(reason: (any Error)?) { closed.succeed() }
}
