/// One way round the table of chunks for all servers whose chunks are to be looked at: what they hold is neither gathered nor
/// sorted, so that a rack which dies costs no decision more than a server of one chunk.
struct Sweep: Sendable {
    /// Why chunks of a server are looked at.
    struct Causes: OptionSet {
        let rawValue: UInt8
        static let death = Causes(rawValue: 1)
        static let givenUp = Causes(rawValue: 2)
        static let returned = Causes(rawValue: 4)
        static let adminState = Causes(rawValue: 8)
        static let toBeRead = Causes(rawValue: 16)
        static let mute = Causes(rawValue: 32)
    }

    /// All chunks of a server, from a slot on until the way round comes to it again.
    struct Look: Sendable {
        let server: ServerHandle
        let cause: Causes
        fileprivate let round: UInt64
        fileprivate let start: UInt32
    }

    /// In the order in which they end; at most one of each server and cause.
    private var looks: [Look] = []
    /// By the numbers of servers.
    private var causes: [Causes] = []
    private var round: UInt64 = 0
    /// The slot that comes next.
    private(set) var slot: UInt32 = 0

    var isEmpty: Bool { looks.isEmpty }

    /// What is waited for of the server's chunks.
    func causes(of server: ServerHandle) -> Causes {
        let number = Int(server.rawValue)
        return number < causes.count ? causes[number] : []
    }

    /// All chunks of the server are looked at from now on, once; those that it gets meanwhile may be, too.
    mutating func add(_ server: ServerHandle, _ cause: Causes) {
        let number = Int(server.rawValue)
        while causes.count <= number { causes.append([]) }
        if !causes[number].insert(cause).inserted { looks.removeAll { $0.server == server && $0.cause == cause } }
        looks.append(Look(server: server, cause: cause, round: round, start: slot))
    }

    /// Goes on to the next slot of a table that has `end` of them.
    mutating func advance(_ end: UInt32) {
        slot += 1
        guard slot >= end else { return }
        slot = 0
        round += 1
    }

    /// Takes those looks that are over: all slots there were when they began were passed.
    mutating func takeEnded() -> [Look] {
        guard let first = looks.first, hasEnded(first) else { return [] }
        let ended = looks.prefix(while: hasEnded)
        looks.removeFirst(ended.count)
        for look in ended { causes[Int(look.server.rawValue)].remove(look.cause) }
        return Array(ended)
    }

    private func hasEnded(_ look: Look) -> Bool { (look.round + 1, look.start) <= (round, slot) }
}
