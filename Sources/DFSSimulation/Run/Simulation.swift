import DFSCore
import DFSMetadata

/// A cluster in one thread: the real decisions of master and chunk servers, with time, network, disks and misfortune drawn
/// from one seed. The same seed goes the same way every time (docs/decisions/0039).
package final class Simulation {
    /// After all faults have healed, everything must be well within this time.
    static let convergenceLimitSeconds: UInt64 = 3600
    /// So long after all is well late orders are given and found to be stale, and proofs run out: all must be well after it, too.
    static let afterTimeSeconds: UInt64 = 900

    /// So many events no run has that ends; one that begets more and more of them would take all time and memory.
    static let eventLimit: UInt64 = 1_000_000

    /// The calendar when the run begins, in seconds since 1970.
    static let beganAt = 1_790_000_000

    let seed: UInt64
    let canary: Canary?
    let dice: Dice
    let agenda = Agenda()
    let trace: Trace
    let scenario: Scenario
    let network: Network
    let ledger = Ledger()
    private(set) var tallies = Box()
    private(set) lazy var master = MasterNode(self)
    private(set) lazy var watch = Watch(self)
    private(set) lazy var versions = VersionWatch(self)
    private(set) var servers: [any Server] = []
    private(set) var clients: [Client] = []
    private var violation: String?

    /// Counts that closures may hold.
    final class Box {
        var tally = Tally()
        func count(_ fault: Fault) { tally.count(fault) }
        func count(_ operation: Operation) { tally.count(operation) }
    }

    var tally: Box { tallies }

    /// Lines of the trace that a report has, unless more are asked for.
    package static let usualTraceLimit = 400

    /// - Parameters:
    ///   - hasTightBreaker: whether chunk servers hold deletions for an operator from the third in ten minutes on.
    ///   - traceLimit: how many of the last lines of the trace the report has; at least one.
    package init(
        seed: UInt64, canary: Canary? = nil, hasTightBreaker: Bool = false, traceLimit: Int = usualTraceLimit
    ) {
        self.seed = seed
        self.canary = canary
        dice = Dice(seed: seed)
        trace = Trace(agenda, limit: max(1, traceLimit))
        scenario = Scenario(dice, hasTightBreaker: hasTightBreaker)
        let tallies = tallies
        network = Network(agenda, dice, trace, scenario, count: { tallies.count($0) })
    }

    /// Lets the storm rage, heals everything, and waits until all is well.
    package func run() -> SimulationReport {
        master.start()
        servers = scenario.kinds.enumerated().map { number, kind -> any Server in
            kind == .swift ? ChunkServer(self, number: number) : GoServer(self, number: number)
        }
        for server in servers { server.start() }
        clients = (0..<scenario.clientCount).map { Client(self, number: $0) }
        for client in clients { client.start() }
        let operators = Operator(self)
        operators.start()
        let storm = Storm(self)
        storm.begin()
        pass(seconds: UInt64(scenario.stormSeconds))
        if violation == nil {
            storm.end()
            operators.finish()
        }
        let healedAt = agenda.now
        let check = Convergence(simulation: self)
        awaitConvergence(check)
        let secondsToConverge = Double(agenda.now - healedAt) / 1e9
        pass(seconds: Self.afterTimeSeconds)
        awaitConvergence(check)
        if violation == nil { check.compareWithLedger() }
        readAll()
        let report = SimulationReport(
            seed: seed, violation: violation, hash: trace.hash, tail: trace.tail, tally: tallies.tally,
            simulatedSeconds: Double(agenda.now) / 1e9, secondsToConverge: secondsToConverge,
            eventCount: agenda.count)
        dismantle()
        return report
    }

    private func awaitConvergence(_ check: Convergence) {
        let end = agenda.now + Self.convergenceLimitSeconds * 1_000_000_000
        var problem: String? = "nothing was checked"
        while violation == nil, problem != nil, agenda.now < end {
            pass(seconds: 10)
            problem = violation == nil ? check.problem() : nil
        }
        if violation == nil, let problem {
            violate("not well \(Self.convergenceLimitSeconds) s after all faults have healed: \(problem)")
        }
    }

    private func readAll() {
        let reading = LastReading(self)
        reading.begin()
        while violation == nil, !reading.isOver { pass(seconds: 1) }
    }

    private func pass(seconds: UInt64) {
        let end = agenda.now + seconds * 1_000_000_000
        while violation == nil, agenda.step(until: end) {
            if agenda.count == Self.eventLimit {
                violate("it runs away: \(agenda.count) events, \(agenda.planned) more are planned")
            }
        }
    }

    /// Plans hold nodes, and nodes plans.
    private func dismantle() {
        for server in servers where network.isUp(server.party) { server.crash(powerLost: false) }
        agenda.clear()
        master.streams = [:]
        servers = []
        clients = []
    }

    /// Something is wrong that must never be: the run is over.
    func violate(_ what: String) {
        trace.note("VIOLATION: \(what)")
        violation = violation ?? what
    }

    // MARK: For nodes

    /// What a party takes for the time since it was booted.
    func clock(of party: Party) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: 1_000_000_000_000 + UInt64(Double(agenda.now) * rate(of: party)))
    }

    /// How long it truly takes until so much has passed by the party's clock.
    func local(_ duration: Duration, at party: Party) -> Duration {
        .nanoseconds(Int64(Double(duration.nanoseconds) / rate(of: party)))
    }

    private func rate(of party: Party) -> Double {
        switch party {
        case .master: scenario.clockRates[0]
        case .server(let number): scenario.clockRates[number + 1]
        case .client: 1
        }
    }

    func server(at address: ServerAddress) -> any Server { servers[Int(address.port) - 9000] }

    /// A chunk of another cluster that lies on the server: of a Go master, of years ago, or of a time that this cluster's
    /// calendar jumps across.
    func stranger(of number: Int) -> ChunkID {
        let began = [nil, 1_600_000_000, UInt64(Self.beganAt - 20 * 24 * 3600)][number % 3]
        let file = began.map { ".\(FileID(rawValue: $0 << 30))" } ?? ""
        guard let chunk = try? ChunkID("stranger\(number)\(file)_0") else {
            preconditionFailure("a plain name is an id")
        }
        return chunk
    }

    /// Asks the master.
    func ask(
        from party: Party, limit: Duration, isRepeatable: Bool = false,
        _ question: @escaping (CallToken, ConnectionToken) -> Input,
        decided: @escaping (Result<Answer, DFSError>) -> Void = { _ in },
        then: @escaping (Result<Answer, DFSError>) -> Void
    ) {
        let connection = master.connection(of: party)
        network.call(party, .master, limit: limit, isRepeatable: isRepeatable) { [self] answer in
            master.ask(MasterNode.Caller(decided: decided, answer: answer)) { question($0, connection) }
        } then: {
            then($0)
        }
    }

    /// Sends a chunk to a server.
    func upload(
        _ upload: Upload, to server: any Server, _ then: @escaping (Result<Set<Int>, DFSError>) -> Void
    ) {
        network.call(upload.sender, server.party, limit: .seconds(30)) {
            server.take(upload, $0)
        } then: {
            then($0)
        }
    }
}

/// What came of a run.
package struct SimulationReport: Sendable {
    package let seed: UInt64
    /// What was wrong; `nil` where nothing was.
    package let violation: String?
    /// Of all that happened.
    package let hash: UInt64
    /// The last of it, for people.
    package let tail: [String]
    package let tally: Tally
    package let simulatedSeconds: Double
    /// From the end of all faults until all was well.
    package let secondsToConverge: Double
    package let eventCount: UInt64
}
