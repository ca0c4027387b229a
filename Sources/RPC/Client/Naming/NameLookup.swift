import Glibc
import NIOCore

/// Asks the system for all addresses of a name.
enum NameLookup {
    /// More addresses of one name are left out.
    static let maxAddresses = 64

    /// In the order that the system prefers (RFC 6724). Blocks.
    ///
    /// - Throws: ``RPCError`` `unavailable` that names the host and the cause.
    static func addresses(of host: String, port: UInt16) throws(RPCError) -> [TargetAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_protocol = Int32(IPPROTO_TCP)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else {
            throw RPCError(.unavailable, "cannot find the host \(host): \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(list) }
        var found: [TargetAddress] = []
        var next = list
        while let entry = next, found.count < maxAddresses {
            if let text = numeric(entry.pointee) {
                let address = TargetAddress.ip(text, port: port)
                if !found.contains(address) { found.append(address) }
            }
            next = entry.pointee.ai_next
        }
        guard !found.isEmpty else { throw RPCError(.unavailable, "the host \(host) has no address") }
        return found
    }

    private static func numeric(_ entry: addrinfo) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = getnameinfo(
            entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        guard code == 0 else { return nil }
        let host = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return (try? SocketAddress(ipAddress: host, port: 0)) == nil ? nil : host
    }
}
