import NIOCore

/// What a channel is to reach, as people write it (gRPC "Name Resolution").
///
/// | written | means |
/// |---|---|
/// | `host:port`, `dns:host:port`, `dns:///host:port` | all addresses of a name; without a port 443 |
/// | `ipv4:1.2.3.4:50051,1.2.3.5` | these addresses, in order |
/// | `ipv6:[::1]:50051,2607:f8b0::1` | these addresses, in order |
/// | `unix:socket`, `unix:///run/socket` | a socket file; with `//` the path is absolute |
/// | `unix-abstract:name` | a socket in Linux's abstract namespace |
package struct Target: Sendable, Equatable {
    enum Place: Sendable, Equatable {
        /// To be looked up.
        case name(String, port: UInt16)
        /// At least one.
        case addresses([TargetAddress])
    }

    /// As gRPC has it where none is written.
    private static let defaultPort: UInt16 = 443

    let place: Place
    /// What requests say they are for.
    let authority: String

    /// - Throws: ``RPCError`` `invalidArgument` that names the fault and the remedy.
    package init(_ text: String) throws(RPCError) {
        let colon = text.firstIndex(of: ":")
        let scheme = colon.map { String(text[..<$0]) } ?? ""
        let rest = colon.map { text[text.index(after: $0)...] } ?? ""
        switch scheme {
        case "unix":
            place = .addresses([.unix(path: try Self.path(rest, text))])
            authority = "localhost"
        case "unix-abstract":
            guard !rest.isEmpty else { throw Self.refusal(text, "has no name") }
            place = .addresses([.abstract(name: String(rest))])
            authority = "localhost"
        case "ipv4", "ipv6":
            let addresses = try rest.split(separator: ",", omittingEmptySubsequences: false).map {
                part throws(RPCError) in try Self.address(part, isIPv6: scheme == "ipv6", text)
            }
            place = .addresses(addresses)
            authority = addresses[0].description
        case "dns": (place, authority) = try Self.name(Self.withoutAuthority(rest, text), text)
        // No scheme that we know: gRPC reads the whole as a name.
        default: (place, authority) = try Self.name(text[...], text)
        }
    }

    private static func name(_ part: Substring, _ text: String) throws(RPCError) -> (Place, String) {
        let (host, port) = try split(part, text)
        let number = port ?? defaultPort
        guard host.utf8.count <= 253, host.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") })
        else {
            throw refusal(text, "has no valid host")
        }
        // No host is this machine, as in Go's addresses.
        let name = host.isEmpty ? "localhost" : host
        let authority = name.contains(":") ? "[\(name)]:\(number)" : "\(name):\(number)"
        let isAddress = (try? SocketAddress(ipAddress: name, port: 0)) != nil
        return (isAddress ? .addresses([.ip(name, port: number)]) : .name(name, port: number), authority)
    }

    private static func address(_ part: Substring, isIPv6: Bool, _ text: String) throws(RPCError) -> TargetAddress {
        let (host, port) = try split(part, text)
        guard host.contains(":") == isIPv6, (try? SocketAddress(ipAddress: host, port: 0)) != nil else {
            throw refusal(text, "has no \(isIPv6 ? "IPv6" : "IPv4") address in '\(part)'")
        }
        return .ip(host, port: port ?? defaultPort)
    }

    /// `host`, `host:port`, `[host]`, `[host]:port`, or a bare IPv6 address.
    private static func split(_ part: Substring, _ text: String) throws(RPCError) -> (host: String, port: UInt16?) {
        var host = part
        var digits: Substring?
        if part.first == "[" {
            guard let end = part.firstIndex(of: "]") else { throw refusal(text, "has an unclosed '['") }
            host = part[part.index(after: part.startIndex)..<end]
            let tail = part[part.index(after: end)...]
            guard tail.isEmpty || tail.first == ":" else { throw refusal(text, "has '\(tail)' after ']'") }
            digits = tail.isEmpty ? nil : tail.dropFirst()
        } else if let colon = part.firstIndex(of: ":"), colon == part.lastIndex(of: ":") {
            host = part[..<colon]
            digits = part[part.index(after: colon)...]
        }
        guard let digits else { return (String(host), nil) }
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) else {
            throw refusal(text, "has no port between 0 and 65535 in '\(part)'")
        }
        return (String(host), port)
    }

    /// `//server/` names a name server, which the system's resolver does not let one choose.
    private static func withoutAuthority(_ rest: Substring, _ text: String) throws(RPCError) -> Substring {
        guard rest.hasPrefix("//") else { return rest }
        let tail = rest.dropFirst(2)
        guard let slash = tail.firstIndex(of: "/") else { throw refusal(text, "has no '/' before the host") }
        guard slash == tail.startIndex else {
            throw refusal(text, "names a name server, which is not supported: write dns:///host:port")
        }
        return tail.dropFirst()
    }

    private static func path(_ rest: Substring, _ text: String) throws(RPCError) -> String {
        let path = rest.hasPrefix("//") ? rest.dropFirst(2) : rest
        guard !path.isEmpty else { throw refusal(text, "has no path") }
        if rest.hasPrefix("//"), !path.hasPrefix("/") {
            throw refusal(text, "has '//' and a path that is not absolute")
        }
        return String(path)
    }

    private static func refusal(_ text: String, _ fault: String) -> RPCError {
        RPCError(
            .invalidArgument,
            "target '\(text)' \(fault); write host:port, dns:, ipv4:, ipv6:, unix: or unix-abstract: and an address")
    }
}
