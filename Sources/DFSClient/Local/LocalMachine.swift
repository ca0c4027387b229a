import DFSCore
import NIOCore

/// Which addresses are this machine's: what lies there comes over no network.
struct LocalMachine: Sendable {
    /// Numeric, as they are written.
    private let hosts: Set<String>
    /// Where a server is whose address has no host; empty for this machine.
    private let usualHost: String

    /// Asks the system for the addresses of its interfaces.
    ///
    /// - Parameter usualHost: stands in for that of an address without one: the master's host (``HostlessLocator``).
    init(usualHost: String = "") {
        let devices = (try? System.enumerateDevices()) ?? []
        self.init(hosts: devices.compactMap { $0.address?.ipAddress }, usualHost: usualHost)
    }

    init(hosts: [String], usualHost: String = "") {
        self.hosts = Set(hosts)
        self.usualHost = usualHost
    }

    /// Whether the server at `address` is on this machine, as far as the address tells: host names are not looked up.
    func holds(_ address: ServerAddress) -> Bool {
        let host = address.filling(host: usualHost).host
        return host.isEmpty || host == "localhost" || host == "::1" || host.hasPrefix("127.") || hosts.contains(host)
    }

    /// `servers`, those on this machine first, otherwise in their order.
    func first(_ servers: [String]) -> [String] {
        let near = servers.map { server in (try? ServerAddress(server)).map(holds) ?? false }
        return zip(servers, near).filter(\.1).map(\.0) + zip(servers, near).filter { !$0.1 }.map(\.0)
    }
}
