import Glibc
import NIOCore
import NIOPosix

// Sockets of this machine.
extension RPCServer {
    /// Starts to listen on a socket file, which is removed at shutdown. One that a server left behind is replaced.
    ///
    /// - Throws: ``RPCError`` `unavailable` that names path and cause, such as a server that listens there.
    package func listen(unixPath path: String, tls: ServerTLS? = nil) async throws {
        do {
            let isStale = try await isStale(path)
            let channel = try await bootstrap(tls)
                .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: isStale).get()
            keep(channel, tls)
        } catch is UnixDomainSocketPathWrongType {
            throw RPCError(.unavailable, "cannot listen on unix:\(path): it is no socket; choose another path")
        } catch SocketAddressError.unixDomainSocketPathTooLong {
            throw RPCError(.unavailable, "cannot listen on unix:\(path): the path is longer than 103 bytes")
        } catch let error as RPCError {
            throw error
        } catch {
            throw RPCError(.unavailable, "cannot listen on unix:\(path): \(error)")
        }
    }

    /// Starts to listen in Linux's abstract namespace: no file, nothing to clean up.
    ///
    /// - Throws: ``RPCError`` `unavailable` that names the socket and the cause.
    package func listen(abstractName name: String, tls: ServerTLS? = nil) async throws {
        do {
            let channel = try await bootstrap(tls).withBoundSocket(try AbstractSocket.bind(name)).get()
            keep(channel, tls)
        } catch let error as RPCError {
            throw error
        } catch {
            throw RPCError(.unavailable, "cannot listen on unix-abstract:\(name): \(error)")
        }
    }

    /// Whether nobody listens on the socket file that is there. One who does is not pushed aside.
    private func isStale(_ path: String) async throws -> Bool {
        do {
            let other = try await ClientBootstrap(group: group).connect(unixDomainSocketPath: path).get()
            try? await other.close()
            throw RPCError(.unavailable, "unix:\(path) is in use; stop what listens there, or choose another path")
        } catch let error as IOError {
            return error.errnoCode == ECONNREFUSED
        }
    }
}
