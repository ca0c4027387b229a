import Glibc
import NIOCore

/// The addresses that a host to listen on stands for.
package enum ListenHosts {
    /// Binds the first of them that can be bound. A `host` of "" is every interface: IPv6 and IPv4 in one socket, or IPv4
    /// alone where the machine has no IPv6.
    ///
    /// - Throws: what `bind` threw of the first one; at once where the port is in use.
    package static func bind<Bound>(_ host: String, _ bind: (String) async throws -> Bound) async throws -> Bound {
        guard host.isEmpty else { return try await bind(host) }
        do {
            return try await bind("::")
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw error
        } catch {
            guard let bound = try? await bind("0.0.0.0") else { throw error }
            return bound
        }
    }
}
