import Synchronization

/// The chunk servers that failed during one get: later chunks ask them last.
final class FailedServers: Sendable {
    private let addresses = Mutex<Set<String>>([])

    func insert(_ address: String) {
        addresses.withLock { _ = $0.insert(address) }
    }

    /// `servers`, those that have not failed first, otherwise in their order.
    func last(_ servers: [String]) -> [String] {
        let failed = addresses.withLock { $0 }
        return servers.filter { !failed.contains($0) } + servers.filter { failed.contains($0) }
    }
}
