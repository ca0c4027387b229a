/// Where a node listens, written as Go writes it: `host:port`, `:port` (this machine) or `[ipv6]:port`.
package struct ServerAddress: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// A host name or an IP address without brackets; empty means "this machine" to a dialler and "every interface" to
    /// a listener.
    package let host: String
    package let port: UInt16
    /// The text in Go's form; parsing it gives an equal address.
    package let description: String

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
        description = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Parses a flag or a string from the wire.
    ///
    /// - Throws: ``DFSError`` of code ``DFSError/Code/invalidArgument`` that names the fault.
    package init(_ text: String) throws(DFSError) {
        func refuse(_ fault: String) -> DFSError {
            DFSError(.invalidArgument, "address \(quoted(text)) \(fault); write host:port, :port or [ipv6]:port")
        }
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { throw refuse("has no port") }
        let digits = text[text.utf8.index(after: colon)...]
        guard digits.utf8.first != UInt8(ascii: "+"), let port = UInt16(digits) else {
            throw refuse("has no port between 0 and 65535")
        }
        var host = text[..<colon]
        if host.hasPrefix("[") {
            guard host.hasSuffix("]"), host.utf8.count > 2 else { throw refuse("has an unclosed '['") }
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw refuse("has an IPv6 host without brackets")
        }
        guard host.utf8.count <= 253, host.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") })
        else {
            throw refuse("has no valid host")
        }
        self.init(host: String(host), port: port)
    }

    /// The address with `host` in place of an empty one.
    package func filling(host: String) -> ServerAddress {
        self.host.isEmpty ? ServerAddress(host: host, port: port) : self
    }

    package static func < (left: ServerAddress, right: ServerAddress) -> Bool {
        (left.host, left.port) < (right.host, right.port)
    }
}
