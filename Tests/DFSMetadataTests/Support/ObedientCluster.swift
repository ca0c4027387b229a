import DFSCore
import Testing

@testable import DFSMetadata

/// A master with chunk servers that do at once what they are told, and that is all that happens.
struct ObedientCluster {
    var master: MasterHarness
    /// By address: what each server holds.
    var disks: [String: [ChunkID: Digest]] = [:]
    /// Used and free, in MiB.
    var room: [String: UInt64] = [:]
    /// Servers that say and do nothing.
    var away: Set<String> = []
    /// Copies and deletions that were carried out, in order: `chunk source>target` and `chunk -server`.
    var log: [String] = []
    /// Copies that were read as the master wished, in order: `chunk@server`.
    var readLog: [String] = []
    /// Servers that read no copy when they are told to, and those whose answers never come.
    var unreadable: Set<String> = []
    var lateReads: Set<String> = []
    /// Servers that the master does not reach, though they reach it.
    var mute: Set<String> = []
    /// Addresses that servers had before, by which they are reached still.
    var formerAddresses: [String: String] = [:]
    /// While false, copies do not arrive.
    var makesCopies = true
    private var kinds: [String: NodeKind] = [:]

    init(policy: ClusterPolicy = ClusterPolicy(), seed: UInt64 = 1) {
        master = MasterHarness(policy: policy, seed: seed)
    }

    mutating func join(_ address: String, _ kind: NodeKind = .swift, room: UInt64 = 10_000, location: String? = nil)
        throws
    {
        disks[address] = [:]
        self.room[address] = room
        kinds[address] = kind
        try beat(address)
        _ = try master.described(address, kind, location: location)
    }

    /// The server is started anew under another address.
    mutating func move(_ former: String, to address: String) throws {
        let old = try ServerAddress(former)
        _ = master.step(.heartbeatStreamEnded(old, MasterHarness.stream(of: old, life: 0)))
        let (disk, kind, space) = (disks.removeValue(forKey: former), kinds[former] ?? .swift, room[former] ?? 0)
        formerAddresses[former] = address
        (disks[address], kinds[address], room[address]) = (disk, kind, space)
        try beat(address)
        try perform(master.described(address, kind))
    }

    /// A file of one chunk on just these servers.
    @discardableResult
    mutating func put(_ name: String, _ digest: Digest, on servers: [String]) throws -> ChunkID {
        let upload = try master.create(name, copies: servers.count).answer.upload()
        let excluded = disks.keys.filter { !servers.contains($0) }.sorted()
        let allocation = try master.allocate(name, 0, upload: upload, excluding: excluded)
        let id = try allocation.answer.allocation().id
        for server in servers { disks[server]?[id] = digest }
        let written = WrittenChunk(id: id, digest: digest, servers: try servers.map { try ServerAddress($0) })
        let completion = master.complete(upload, [written])
        #expect(completion.answer.code == nil)
        try perform(completion.effects)
        return id
    }

    /// Second by second, with heartbeats.
    mutating func run(_ seconds: Int) throws {
        for second in 0..<seconds {
            try perform(master.tick(after: .seconds(1)))
            if second % 5 == 0 { for address in disks.keys.sorted() { try beat(address) } }
        }
    }

    /// As ``MasterHarness/set(_:_:for:)``, and what follows is done.
    @discardableResult
    mutating func set(
        _ state: AdminState, _ server: String, for time: Duration = .seconds(3600)
    ) throws -> (answer: Result<Answer, DFSError>, effects: [Effect]) {
        let result = try master.set(state, server, for: time)
        try perform(result.effects)
        return result
    }

    mutating func restartMaster() throws {
        master.restart()
        for address in disks.keys.sorted() {
            try beat(address)
            if !away.contains(address) { try perform(master.described(address, kind(of: address))) }
        }
    }

    mutating func beat(_ address: String) throws {
        guard !away.contains(address) else { return }
        let used = (disks[address] ?? [:]).values.reduce(0) { $0 + $1.length } >> 20
        let free = (room[address] ?? 0) - min(used, room[address] ?? 0)
        try perform(master.heartbeat(address, free: free, (disks[address] ?? [:]).keys.sorted()))
        guard kinds[address] == .swift else { return }
        try perform(master.report(address, (disks[address] ?? [:]).sorted { $0.key < $1.key }).effects)
    }

    mutating func perform(_ effects: [Effect]) throws {
        for effect in effects {
            switch effect {
            case .heartbeatResponse(let stream, let batch): try take(batch, ":\(stream.rawValue / 100)")
            case .readBack(let chunk, let server):
                let server = server.description
                if lateReads.contains(server) { continue }
                readLog.append("\(chunk)@\(server)")
                let found = disks[formerAddresses[server] ?? server]?[chunk].map { Finding.read($0) } ?? .absent
                let isRead = !away.contains(server) && !unreadable.contains(server) && !mute.contains(server)
                try perform(master.readBack(chunk, server, isRead ? found : .unreachable))
            case .describe(let server) where mute.contains(server.description):
                try perform(master.described(server.description, .unknown))
            case .describe(let server) where kinds[server.description] == .go && !away.contains(server.description):
                try perform(master.described(server.description, .go))
            default: continue
            }
        }
    }

    private func kind(of address: String) -> NodeKind {
        mute.contains(address) ? .unknown : kinds[address] ?? .swift
    }

    private mutating func take(_ batch: TaskBatch, _ server: String) throws {
        guard !away.contains(server) else { return }
        for copy in batch.copies {
            let target = copy.target.description
            guard makesCopies, !away.contains(target), let digest = disks[server]?[copy.chunk] else { continue }
            disks[target]?[copy.chunk] = digest
            log.append("\(copy.chunk) \(server)>\(target)")
            if kinds[target] == .swift { try perform(master.report(target, [(copy.chunk, digest)]).effects) }
        }
        for chunk in batch.deletions where disks[server]?.removeValue(forKey: chunk) != nil {
            log.append("\(chunk) -\(server)")
        }
    }

    func holders(_ chunk: ChunkID) -> [String] { disks.filter { $0.value[chunk] != nil }.keys.sorted() }
}

// What operators ask.
extension MasterHarness {
    mutating func set(
        _ state: AdminState, _ server: String, for time: Duration = .seconds(3600)
    ) throws -> (answer: Result<Answer, DFSError>, effects: [Effect]) {
        let request = AdminRequest(server: try ServerAddress(server), state: state, time: time)
        return ask { .setAdminState(request, $0) }
    }

    mutating func standing(_ server: String) throws -> AdminStanding {
        let server = try ServerAddress(server)
        guard case .adminState(let standing) = try ask({ .adminState(server, $0) }).answer.get() else {
            throw WrongAnswer()
        }
        return standing
    }

    mutating func summary() throws -> ClusterSummary {
        guard case .summary(let summary) = try ask({ .summary($0) }).answer.get() else { throw WrongAnswer() }
        return summary
    }

    mutating func balance(_ thresholdPPM: UInt32, rate: UInt64 = 1 << 40) throws -> BalanceStanding {
        let order = BalanceOrder(thresholdPPM: thresholdPPM, bytesPerSecond: rate)
        guard case .balance(let standing) = try ask({ .setBalance(order, $0) }).answer.get() else {
            throw WrongAnswer()
        }
        return standing
    }
}
