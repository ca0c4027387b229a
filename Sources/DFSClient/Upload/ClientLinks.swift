import DFSCore
import DFSServices
import NIOCore

/// How fast this client's uploads go now, whatever put they belong to: where all of them are slow at once, it is not for a
/// server. A decision without I/O.
struct ClientLinks: Sendable {
    private struct Link {
        let server: ServerAddress
        var speed: LinkSpeed
    }

    /// A link says something once it was looked at for so long.
    private let leastSpan: TimeAmount
    /// Those under way, by number.
    private var links: [Int: Link] = [:]
    private var nextNumber = 0

    /// - Parameter window: over which links are judged.
    init(window: TimeAmount) { leastSpan = .nanoseconds(window.nanoseconds / 2) }

    /// A number for an upload that begins; ``end(_:)`` follows.
    mutating func begin() -> Int {
        defer { nextNumber += 1 }
        return nextNumber
    }

    /// Notes the speed of an upload.
    mutating func note(_ number: Int, to server: ServerAddress, _ speed: LinkSpeed) {
        links[number] = Link(server: server, speed: speed)
    }

    /// The upload has ended.
    mutating func end(_ number: Int) { links[number] = nil }

    /// Whether there are uploads to other servers than this one, and all of them are held up below the floor, too: then it is
    /// this client's network.
    func areSlow(besides server: ServerAddress) -> Bool {
        let others = links.values.filter { $0.server != server && $0.speed.span >= leastSpan }.map(\.speed)
        if others.contains(where: { $0.bytesPerSecond >= $0.floor }) { return false }
        return others.contains { $0.isHeldUp }
    }
}
