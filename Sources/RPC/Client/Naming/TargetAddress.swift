import NIOCore

/// One place to connect to, resolved.
enum TargetAddress: Hashable, Sendable, CustomStringConvertible {
    /// A numeric address, without brackets.
    case ip(String, port: UInt16)
    /// A socket file.
    case unix(path: String)
    /// A name in Linux's abstract namespace of Unix sockets, without the NUL in front.
    case abstract(name: String)

    var description: String {
        switch self {
        case .ip(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        case .abstract(let name): "unix-abstract:\(name)"
        }
    }
}
