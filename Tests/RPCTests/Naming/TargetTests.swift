import Testing

@testable import RPC

@Suite struct TargetTests {
    @Test(arguments: [
        ("host:8000", "host", 8000), ("host", "host", 443), ("dns:host:80", "host", 80), ("dns:host", "host", 443),
        ("dns:///host.example:80", "host.example", 80), (":8000", "localhost", 8000),
    ])
    func nameIsToBeLookedUp(_ text: String, _ host: String, _ port: UInt16) throws {
        let target = try Target(text)
        #expect(target.place == .name(host, port: port))
        #expect(target.authority == "\(host):\(port)")
    }

    @Test(arguments: [
        ("ipv4:1.2.3.4", ["1.2.3.4:443"]), ("ipv4:1.2.3.4:5,5.6.7.8:9", ["1.2.3.4:5", "5.6.7.8:9"]),
        ("ipv6:[::1]:50,2607:f8b0::1", ["[::1]:50", "[2607:f8b0::1]:443"]), ("ipv6:[::1]", ["[::1]:443"]),
        ("127.0.0.1:80", ["127.0.0.1:80"]), ("[::1]:80", ["[::1]:80"]), ("dns:::1", ["[::1]:443"]),
    ])
    func addressesNeedNoLookup(_ text: String, _ addresses: [String]) throws {
        let target = try Target(text)
        guard case .addresses(let found) = target.place else {
            Issue.record("\(target) is to be looked up")
            return
        }
        #expect(found.map(\.description) == addresses)
        #expect(target.authority == addresses[0])
    }

    @Test func socketsOfThisMachineAreNamedByPathOrName() throws {
        #expect(try Target("unix:relative/socket").place == .addresses([.unix(path: "relative/socket")]))
        #expect(try Target("unix:/run/socket").place == .addresses([.unix(path: "/run/socket")]))
        #expect(try Target("unix:///run/socket").place == .addresses([.unix(path: "/run/socket")]))
        #expect(try Target("unix-abstract:name").place == .addresses([.abstract(name: "name")]))
        #expect(try Target("unix:s").authority == "localhost")
    }

    @Test(arguments: [
        "ipv4:", "ipv4:::1", "ipv4:1.2.3.4:99999", "ipv4:host:1", "ipv6:1.2.3.4", "ipv6:[::1", "ipv6:[::1]x",
        "ipv4:1.2.3.4,", "unix:", "unix://relative", "unix-abstract:", "dns://8.8.8.8/host:1", "dns://host", "host:",
        "host:-1", "host:+1", "host:65536", "a/b:1", "xds:///service", "h ost:1",
    ])
    func whatIsNoTargetIsRefusedWithTheRemedy(_ text: String) {
        let error = #expect(throws: RPCError.self) { try Target(text) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("'\(text)'") == true && error?.message.contains("write") == true)
    }

    @Test func nameOfThisMachineHasAnAddress() throws {
        let addresses = try NameLookup.addresses(of: "localhost", port: 7)
        #expect(addresses.contains(.ip("127.0.0.1", port: 7)) || addresses.contains(.ip("::1", port: 7)))
        let error = #expect(throws: RPCError.self) { try NameLookup.addresses(of: "no.such.host.invalid", port: 7) }
        #expect(error?.code == .unavailable && error?.message.contains("no.such.host.invalid") == true)
    }
}
