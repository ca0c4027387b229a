import DFSCore

/// The copies on Go servers that are to be read back: what is queued, being read, and resting between two reads.
///
/// Go servers never say that a chunk is whole, so the master looks for itself, a few chunks at a time. There is at most
/// one probe a copy, so the queues are bounded by the replicas on record.
struct Verification: Sendable {
    private var probes: [ProbeKey: Probe] = [:]
    private var urgent = WorkQueue<ProbeKey>()
    private var background = WorkQueue<ProbeKey>()
    private var resting: Set<ProbeKey> = []
    /// Reads under way: these keep their place until the result comes in, also when their probe is forgotten.
    private(set) var reading: [ReadKey: ProbeKey] = [:]
    private var readsByServer: [ServerHandle: Int] = [:]

    /// Names a read while it runs; the handle of its chunk may come to mean another one.
    struct ReadKey: Hashable, Sendable {
        let chunk: ChunkID
        let server: ServerHandle
    }

    func probe(_ key: ProbeKey) -> Probe? { probes[key] }

    /// What reads at least `interval` apart have found in agreement.
    func settledFinding(_ key: ProbeKey, _ now: MonotonicInstant, _ interval: Duration) -> Finding? {
        probes[key]?.settled(now, interval)
    }

    /// Queues a read of the copy, or moves it up.
    mutating func want(_ key: ProbeKey, isUrgent: Bool, now: MonotonicInstant) {
        if let probe = probes[key] {
            guard isUrgent, !probe.isUrgent else { return }
            probes[key]?.isUrgent = true
            guard probe.state == .queued else { return }
            background.remove(key)
            urgent.append(key)
            return
        }
        probes[key] = Probe(isUrgent: isUrgent, since: now)
        enqueue(key, isUrgent)
    }

    /// Queues a read of the copy before all others, and lets it be no source until then.
    mutating func doubt(_ key: ProbeKey, now: MonotonicInstant) {
        want(key, isUrgent: true, now: now)
        probes[key]?.isDoubted = true
    }

    /// Lets the copy be a source again.
    mutating func trust(_ key: ProbeKey) { probes[key]?.isDoubted = false }

    /// Drops the probe; a read under way goes on, and its result is ignored.
    mutating func forget(_ key: ProbeKey) {
        guard probes.removeValue(forKey: key) != nil else { return }
        urgent.remove(key)
        background.remove(key)
        resting.remove(key)
    }

    /// Takes the next copy to read from a server that has fewer than `limit` reads under way; looks at a few only.
    mutating func next(perServer limit: Int) -> ProbeKey? {
        for _ in 0..<64 {
            guard let key = urgent.popFirst() ?? background.popFirst() else { return nil }
            if readsByServer[key.server, default: 0] < limit { return key }
            enqueue(key, probes[key]?.isUrgent ?? false)
        }
        return nil
    }

    /// Begins a read.
    ///
    /// - Returns: `false` where one of the same copy is under way still, from before its probe was forgotten: its result does.
    mutating func begin(_ key: ProbeKey, chunk: ChunkID) -> Bool {
        probes[key]?.state = .reading(chunk)
        guard reading.updateValue(key, forKey: ReadKey(chunk: chunk, server: key.server)) == nil else { return false }
        readsByServer[key.server, default: 0] += 1
        return true
    }

    /// Ends a read; `nil` where its probe was forgotten meanwhile.
    mutating func finish(_ read: ReadKey, _ finding: Finding, now: MonotonicInstant) -> ProbeKey? {
        guard let key = reading.removeValue(forKey: read) else { return nil }
        readsByServer[key.server, default: 1] -= 1
        guard probes[key]?.state == .reading(read.chunk) else { return nil }
        probes[key]?.note(finding, now: now)
        return key
    }

    /// Lets the probe rest until its next read is due.
    mutating func rest(_ key: ProbeKey, until due: MonotonicInstant) {
        probes[key]?.state = .resting(until: due)
        resting.insert(key)
    }

    /// Queues the probes whose rest is over.
    mutating func wake(now: MonotonicInstant) {
        var due: [ProbeKey] = []
        for key in resting {
            if case .resting(let until) = probes[key]?.state, until <= now { due.append(key) }
        }
        due.sort { ($0.chunk, $0.server) < ($1.chunk, $1.server) }
        for key in due {
            resting.remove(key)
            probes[key]?.state = .queued
            enqueue(key, probes[key]?.isUrgent ?? false)
        }
    }

    private mutating func enqueue(_ key: ProbeKey, _ isUrgent: Bool) {
        if isUrgent { urgent.append(key) } else { background.append(key) }
    }
}
