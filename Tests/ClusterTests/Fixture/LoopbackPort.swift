import Glibc
import Synchronization

/// Ports of this machine for nodes under test.
enum LoopbackPort {
    /// Below the range from which the kernel takes ports for outgoing connections, so that a node can be started again
    /// on its port.
    private static let range: ClosedRange<UInt16> = 30_000...31_999
    private static let next = Mutex<UInt16>(.random(in: range))

    /// A port that nothing listens on; no two calls of this process give the same one soon.
    static func free() throws -> UInt16 {
        for _ in range {
            let port = next.withLock { next in
                next = next == range.upperBound ? range.lowerBound : next + 1
                return next
            }
            if isFree(port) { return port }
        }
        throw FixtureError("no free port in \(range)")
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
        return withAddress(port) { Glibc.bind(descriptor, $0, $1) } == 0
    }

    /// Whether something accepts connections on `port`.
    static func isListening(_ port: UInt16) -> Bool {
        guard let descriptor = connect(port) else { return false }
        close(descriptor)
        return true
    }

    /// A connected socket, which the caller closes.
    static func connect(_ port: UInt16) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if withAddress(port, { Glibc.connect(descriptor, $0, $1) }) == 0 { return descriptor }
        close(descriptor)
        return nil
    }

    /// Runs `body` with the address of a port of this machine.
    static func withAddress<R>(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
