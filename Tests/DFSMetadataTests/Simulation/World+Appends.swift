import DFSCore
import Testing

@testable import DFSMetadata

/// What a simulated server has of an open chunk: which records, and since which version it takes some. All of it is on disk.
struct SimulatedOpenChunk {
    var fence: UInt64 = 0
    var records: [Int] = []
    /// The end of the lease that the server counts for itself, as a primary.
    var lease: (version: UInt64, end: MonotonicInstant)?
}

/// A client that appends records to one file, one after the other.
struct SimulatedAppender {
    let name: String
    let writer: String
    var failed: OpenVersion?
    /// Records are numbers; each is sent until it is acknowledged.
    var record: Int
}

// Clients that append, primaries that order their records, and recoveries.
extension World {
    /// Every record has as many bytes.
    static let recordByteCount: UInt64 = 100

    mutating func beginAppender() {
        let number = appenders.count
        appenders.append(
            SimulatedAppender(
                name: "log\(number % 3)", writer: "writer\(number)", record: newRecord()))
        schedule(.append(number), in: delay())
    }

    private mutating func newRecord() -> Int {
        lastRecord += 1
        return lastRecord
    }

    /// The client asks where its record goes; the record itself arrives there later.
    mutating func openAppend(_ number: Int) throws {
        guard isStormy else { return }
        let appender = appenders[number]
        let isAlone = chance(10)
        let (answer, effects) = try master.openAppend(
            appender.name, appender.writer, alone: isAlone, failed: appender.failed)
        try perform(effects)
        switch answer {
        case .success(.appending(let place)):
            appenders[number].failed = nil
            schedule(.record(number, place), in: delay())
        case .failure(let error) where error.code == .notFound:
            try beginLog(appender.name)
            schedule(.append(number), in: delay())
        default: schedule(.append(number), in: delay())
        }
    }

    /// A file to append to, put by a client that never fails.
    private mutating func beginLog(_ name: String) throws {
        let (answer, effects) = try master.create(name, over: 900_000)
        try perform(effects)
        guard let upload = try? answer.upload() else { return }
        let allocation = try master.allocate(name, 0, upload: upload, over: 900_000)
        try perform(allocation.effects)
        guard let (chunk, targets) = try? allocation.answer.allocation() else {
            // Too few servers take chunks now.
            return try perform(master.ask { .abandon(upload, $0) }.effects)
        }
        let digest = Digest(length: Self.recordByteCount, crc32c: 0)
        let written = try targets.map { try ServerAddress($0) }.filter { servers[index(of: $0)].isUp }
        for target in written { servers[index(of: target)].chunks[chunk] = digest }
        guard !written.isEmpty else { return try perform(master.ask { .abandon(upload, $0) }.effects) }
        try perform(
            master.complete(upload, [WrittenChunk(id: chunk, digest: digest, servers: written)], over: 900_000).effects)
    }

    /// A record reaches its primary, maybe long after it was sent.
    mutating func takeRecord(_ number: Int, _ place: AppendPlace) throws {
        defer { schedule(.append(number), in: delay()) }
        appenders[number].failed = place.chunk
        let primary = index(of: place.servers[0])
        guard servers[primary].isUp, try hasLease(primary, place.chunk) else { return }
        let record = appenders[number].record
        let id = place.chunk.chunk
        guard servers[primary].chunks[id] == nil,
            servers[primary].open[id, default: .init()].fence <= place.chunk.version
        else { return }
        let isAgain = servers[primary].open[id]?.records.contains(record) ?? false
        if !isAgain { servers[primary].open[id, default: .init()].records.append(record) }
        let log = servers[primary].open[id]?.records ?? []
        var isEverywhere = true
        for address in place.servers.dropFirst() {
            let other = index(of: address)
            let isTaken =
                servers[other].isUp && servers[other].chunks[id] == nil
                && servers[other].open[id, default: .init()].fence <= place.chunk.version && !(isStormy && chance(5))
            if isTaken {
                let known = servers[other].open[id]?.records ?? []
                #expect(log.starts(with: known), "\(address) has other bytes of \(id)")
                servers[other].open[id, default: .init()].records = log
            }
            isEverywhere = isEverywhere && isTaken
        }
        guard isEverywhere else { return }
        let others = servers.filter { server in
            server.address != place.servers[0]
                && server.open[id].flatMap(\.lease).map { $0.version == place.chunk.version && $0.end > master.now }
                    ?? false
        }
        #expect(others.isEmpty, "two primaries of \(id) may acknowledge")
        acknowledgedRecords[appenders[number].name, default: []].insert(record)
        if isStormy, chance(10) { return }
        appenders[number].failed = nil
        appenders[number].record = newRecord()
        if chance(10) { try perform(master.closeAppend(appenders[number].name, appenders[number].writer)) }
    }

    /// Whether the server is the primary, as far as it may believe.
    private mutating func hasLease(_ number: Int, _ chunk: OpenVersion) throws -> Bool {
        if let lease = servers[number].open[chunk.chunk]?.lease, lease.version == chunk.version, lease.end > master.now
        {
            return true
        }
        if isStormy, chance(20) { return false }
        let (answer, effects) = master.renew(
            servers[number].address, [chunk], life: servers[number].life)
        try perform(effects)
        let leases = try answer.leases()
        guard leases.granted.contains(where: { $0.chunk == chunk }) else { return false }
        servers[number].open[chunk.chunk, default: .init()].lease = (chunk.version, master.now + leases.lease * 9 / 10)
        return true
    }

    /// The master's fence arrives, or the server is away.
    mutating func fence(_ chunk: OpenVersion, _ number: Int) throws {
        let server = servers[number]
        guard server.isUp, !(isStormy && chance(20)) else {
            return try perform(master.fenced(chunk, server.address, nil))
        }
        if let sealed = server.chunks[chunk.chunk] {
            let answer = FenceAnswer(hasChunk: true, length: sealed.length, isSealed: true)
            return try perform(master.fenced(chunk, server.address, answer))
        }
        let known = server.open[chunk.chunk]
        servers[number].open[chunk.chunk, default: .init()].fence = max(chunk.version, known?.fence ?? 0)
        // The answer may be lost, after it was done.
        let count = known?.records.count ?? 0
        let answer = FenceAnswer(hasChunk: count > 0, length: UInt64(count) * Self.recordByteCount)
        try perform(master.fenced(chunk, server.address, isStormy && chance(10) ? nil : answer))
    }

    /// The master's order to seal arrives, or the server is away.
    mutating func seal(_ chunk: OpenVersion, _ length: UInt64, _ number: Int) throws {
        let server = servers[number]
        guard server.isUp, !(isStormy && chance(20)) else {
            return try perform(master.sealed(chunk, length, server.address, nil))
        }
        if let sealed = server.chunks[chunk.chunk] {
            let crc = sealed.length == length ? sealed.crc32c : nil
            return try perform(master.sealed(chunk, length, server.address, crc))
        }
        guard let open = server.open[chunk.chunk], open.fence <= chunk.version,
            UInt64(open.records.count) * Self.recordByteCount >= length
        else { return try perform(master.sealed(chunk, length, server.address, nil)) }
        let records = Array(open.records.prefix(Int(length / Self.recordByteCount)))
        let digest = Digest(length: length, crc32c: checksum(records))
        sealedRecords[digest] = records
        servers[number].chunks[chunk.chunk] = digest
        servers[number].open[chunk.chunk] = nil
        if chance(50) { try report(number, [chunk.chunk]) }
        try perform(
            master.sealed(chunk, length, server.address, isStormy && chance(20) ? nil : digest.crc32c))
    }

    private func checksum(_ records: [Int]) -> UInt32 {
        records.reduce(17) { ($0 &* 1_000_003) &+ UInt32($1) }
    }

    /// A master that has met nobody must not be asked for what was acknowledged: called when all is calm.
    mutating func checkRecords(_ seed: UInt64) throws {
        for (name, records) in acknowledgedRecords.sorted(by: { $0.key < $1.key }) {
            guard case .success(.opened(let file)) = try master.open(name).answer else {
                Issue.record("seed \(seed): \(name) cannot be opened")
                continue
            }
            let there = file.chunks.flatMap { chunk in chunk.digest.flatMap { sealedRecords[$0] } ?? [] }
            let missing = records.subtracting(there)
            #expect(missing.isEmpty, "seed \(seed): \(name) lacks records \(missing.sorted())")
            #expect(file.chunks.allSatisfy { $0.digest != nil }, "seed \(seed): \(name) has an open chunk still")
            for chunk in file.chunks {
                let holders = servers.filter { $0.chunks[chunk.id] != nil }
                #expect(holders.count == 2, "seed \(seed): \(chunk.id) is on \(holders.map(\.address))")
                #expect(holders.allSatisfy { $0.chunks[chunk.id] == chunk.digest }, "seed \(seed): \(chunk.id) differs")
            }
        }
    }
}
