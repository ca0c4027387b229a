import Glibc
import NIOCore

/// Unix sockets whose names are in no folder (unix(7), "Abstract sockets"). SwiftNIO passes fixed-length names, which are
/// other names here; so the socket is made by hand and handed over.
enum AbstractSocket {
    /// Connected; whoever takes it closes it.
    static func connect(_ name: String) throws -> NIOBSDSocket.Handle {
        try open(name) { descriptor, address, length in
            guard Glibc.connect(descriptor, address, length) == 0 else {
                throw IOError(errnoCode: errno, reason: "connect to unix-abstract:\(name)")
            }
        }
    }

    /// Bound, not listening; whoever takes it closes it.
    static func bind(_ name: String) throws -> NIOBSDSocket.Handle {
        try open(name) { descriptor, address, length in
            guard Glibc.bind(descriptor, address, length) == 0 else {
                throw IOError(errnoCode: errno, reason: "bind to unix-abstract:\(name)")
            }
        }
    }

    private static func open(
        _ name: String, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) throws -> Void
    ) throws -> NIOBSDSocket.Handle {
        var address = sockaddr_un()
        let bytes = Array(name.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw RPCError(.invalidArgument, "unix-abstract:\(name) is longer than 107 bytes; choose a shorter name")
        }
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.dropFirst().copyBytes(from: bytes) }
        let length = MemoryLayout<sa_family_t>.size + 1 + bytes.count
        do {
            try withUnsafePointer(to: &address) { pointer in
                try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    try body(descriptor, $0, socklen_t(length))
                }
            }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }
}
