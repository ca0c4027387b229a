import DFSCore
import Synchronization

/// Where chunk servers serve TLS, as they said in their last reports. Not durable: they say it again when they register.
final class SecurePorts: Sendable {
    /// Ports of more servers than this are not kept; a master knows fewer servers than that.
    private static let maxCount = 10_000
    private let ports = Mutex<[ServerAddress: UInt16]>([:])

    /// - Parameter port: 0 for a server that serves no TLS.
    func note(_ server: ServerAddress, port: UInt32) {
        ports.withLock { ports in
            guard let port = UInt16(exactly: port), port != 0 else {
                ports[server] = nil
                return
            }
            if ports[server] != nil || ports.count < Self.maxCount { ports[server] = port }
        }
    }

    /// 0 where none is known.
    func port(of server: ServerAddress) -> UInt16 { ports.withLock { $0[server] ?? 0 } }
}
