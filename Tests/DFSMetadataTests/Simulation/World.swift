import DFSCore
import Testing

@testable import DFSMetadata

/// A cluster in one thread: the real master state, servers and clients that fail at random, and messages that take their
/// time, get lost when a node is down, and are all drawn from one seed.
struct World {
    enum Event {
        case heartbeat(Int)
        case described(Int)
        case copied(ChunkID, from: Int, to: Int, life: UInt64)
        case read(ChunkID, Int)
        case client(Int)
        case append(Int)
        case record(Int, AppendPlace)
        case fence(OpenVersion, Int)
        case seal(OpenVersion, UInt64, Int)
    }

    var random: SeededGenerator
    var master: MasterHarness
    var servers: [SimulatedServer]
    var uploads: [SimulatedUpload] = []
    /// What was acknowledged to a client, by name.
    var acknowledged: [String: [Digest]] = [:]
    var appenders: [SimulatedAppender] = []
    var lastRecord = 0
    /// By file: records that all servers of a chunk had when they were acknowledged.
    var acknowledgedRecords: [String: Set<Int>] = [:]
    /// What sealed chunks hold.
    var sealedRecords: [Digest: [Int]] = [:]
    /// What the master logged of uploads, for people.
    var history: [String] = []
    /// While false, nothing fails any more.
    var isStormy = true
    /// Whether operators have taken all servers back, which they do when it is calm.
    var isServiceRestored = false
    private var events: [(due: MonotonicInstant, event: Event)] = []

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        var policy = ClusterPolicy()
        policy.rereadBytesPerSecond = 1 << 30
        policy.rereadCycle = .seconds(120)
        master = MasterHarness(policy: policy, seed: seed)
        var servers: [SimulatedServer] = []
        for number in 0..<5 {
            var server = SimulatedServer(
                address: try ServerAddress(":\(9000 + number)"), kind: .random(using: &random),
                stranger: try ChunkID("stranger\(number)_0"))
            server.tellsDifferences = server.kind == .swift && (seed + UInt64(number)) % 4 != 0
            servers.append(server)
        }
        self.servers = servers
        for number in servers.indices { schedule(.heartbeat(number), in: .milliseconds(number * 100)) }
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    mutating func schedule(_ event: Event, in delay: Duration) {
        events.append((master.now + delay, event))
    }

    /// Lets `duration` pass, second by second.
    mutating func run(_ duration: Int) throws {
        for _ in 0..<duration {
            try perform(master.tick(after: .seconds(1)))
            if isStormy { try misbehave() } else { try restoreService() }
            try scrub()
            let due = events.filter { $0.due <= master.now }
            events.removeAll { $0.due <= master.now }
            for (_, event) in due { try take(event) }
        }
    }

    private mutating func take(_ event: Event) throws {
        switch event {
        case .heartbeat(let number): try heartbeat(number)
        case .described(let number):
            let server = servers[number]
            let kind = server.isUp ? server.kind : .unknown
            try perform(
                master.step(
                    .described(server.address, kind, nodeID: MasterHarness.nodeID(of: server.address), location: nil)))
        case .copied(let chunk, let source, let target, let life):
            try copy(chunk, from: source, to: target, life: life)
        case .read(let chunk, let number): try read(chunk, number)
        case .client(let number): try continueUpload(number)
        case .append(let number): try openAppend(number)
        case .record(let number, let place): try takeRecord(number, place)
        case .fence(let chunk, let number): try fence(chunk, number)
        case .seal(let chunk, let length, let number): try seal(chunk, length, number)
        }
    }

    private mutating func heartbeat(_ number: Int) throws {
        schedule(.heartbeat(number), in: .seconds(5))
        guard servers[number].isUp else { return }
        if servers[number].tellsDifferences { return try tellDifferences(number) }
        let server = servers[number]
        let beat = ServerReport(
            address: server.address, connection: server.connection, freeBytes: 1 << 40, chunks: server.list)
        try perform(master.step(.heartbeat(beat, server.stream)))
        servers[number].hasMetMaster = true
        if server.kind == .swift { try report(number, server.chunks.keys.sorted()) }
    }

    /// One of ours tells what it holds.
    mutating func report(_ number: Int, _ chunks: [ChunkID]) throws {
        let server = servers[number]
        let replicas = chunks.compactMap { chunk in server.chunks[chunk].map { (chunk, $0) } }
        let report = ReplicaReport(
            address: server.address, nodeID: MasterHarness.nodeID(of: server.address), connection: server.connection,
            replicas: replicas)
        let (answer, effects) = master.ask { .report(report, $0) }
        try perform(effects)
        for unwanted in try answer.unwanted() { servers[number].remove(unwanted) }
    }

    /// Carries out what the master wants.
    mutating func perform(_ effects: [Effect]) throws {
        for effect in effects {
            switch effect {
            case .describe(let address): schedule(.described(index(of: address)), in: delay())
            case .readBack(let chunk, let address): schedule(.read(chunk, index(of: address)), in: delay())
            case .fence(let chunk, let address): schedule(.fence(chunk, index(of: address)), in: delay())
            case .seal(let chunk, let length, let address):
                schedule(.seal(chunk, length, index(of: address)), in: delay())
            case .heartbeatResponse(let stream, let batch): try receive(batch, on: stream)
            case .log(let notice): note("\(notice)")
            case .persist, .answer: continue
            }
        }
    }

    private mutating func receive(_ batch: TaskBatch, on stream: StreamToken) throws {
        guard let number = servers.firstIndex(where: { $0.stream == stream && $0.isUp }) else { return }
        if batch.wantsFullReport { servers[number].mustTellAll = true }
        for chunk in batch.unwanted { servers[number].remove(chunk) }
        for copy in batch.copies {
            let event = Event.copied(
                copy.chunk, from: number, to: index(of: copy.target), life: servers[number].life)
            schedule(event, in: delay())
        }
        for chunk in batch.deletions {
            #expect(chunk != servers[number].stranger, "an unknown chunk was deleted")
            servers[number].remove(chunk)
            servers[number].open[chunk] = nil
        }
    }

    private mutating func copy(_ chunk: ChunkID, from source: Int, to target: Int, life: UInt64) throws {
        guard servers[source].isUp, servers[source].life == life, servers[target].isUp,
            let content = servers[source].chunks[chunk]
        else { return }
        if isStormy, chance(20) {
            // It broke: a Go target keeps a torn file.
            if servers[target].kind == .go { servers[target].chunks[chunk] = torn(content) }
            return
        }
        // One of ours reads what it sends, and compares what it is sent with what it has.
        if servers[source].rotten.contains(chunk) { return try findDamage(chunk, source) }
        if servers[target].kind == .go || servers[target].chunks[chunk] == nil {
            servers[target].chunks[chunk] = content
        }
        servers[target].open[chunk] = nil
        if servers[target].kind == .swift { try report(target, [chunk]) }
    }

    private mutating func read(_ chunk: ChunkID, _ number: Int) throws {
        if servers[number].isUp, servers[number].rotten.contains(chunk) { try findDamage(chunk, number) }
        let server = servers[number]
        let finding: Finding =
            server.isUp ? server.chunks[chunk].map { .read($0) } ?? .absent : .unreachable
        try perform(master.step(.readBack(chunk, at: server.address, finding)))
    }

    mutating func note(_ text: String) { history.append("\(master.now.nanoseconds / 1_000_000_000)s \(text)") }

    func torn(_ content: Digest) -> Digest {
        Digest(length: max(1, content.length / 2), crc32c: content.crc32c &+ 1)
    }

    func index(of address: ServerAddress) -> Int { Int(address.port) - 9000 }

    mutating func delay() -> Duration { .milliseconds(Int.random(in: 1...4000, using: &random)) }
}

extension NodeKind {
    static func random(using random: inout SeededGenerator) -> NodeKind {
        Bool.random(using: &random) ? .go : .swift
    }
}
