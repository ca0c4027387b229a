import DFSCore
import DFSMetadata

/// One heartbeat stream: messages of each direction arrive in the order in which they were sent, or the stream breaks.
final class HeartbeatPipe {
    unowned let simulation: Simulation
    let token: StreamToken
    let address: ServerAddress
    let party: Party
    /// What the server does with a response.
    private let take: (TaskBatch) -> Void
    /// What the server does when it finds the stream broken.
    private let lost: () -> Void
    private var toMaster: UInt64 = 0
    private var toServer: UInt64 = 0
    /// Whether the master finds what was sent before the stream broke, as one does that stood still meanwhile: all of it or none.
    private var arrivesLate = false
    /// Nothing more is sent, and nothing more arrives at the server.
    var isBroken = false {
        didSet { if isBroken, !oldValue { tellServer() } }
    }

    init(
        _ simulation: Simulation, token: StreamToken, address: ServerAddress, party: Party,
        take: @escaping (TaskBatch) -> Void, lost: @escaping () -> Void
    ) {
        self.simulation = simulation
        self.token = token
        self.address = address
        self.party = party
        self.take = take
        self.lost = lost
    }

    /// The server sends a heartbeat.
    func beat(_ input: @escaping (ConnectionToken, StreamToken) -> Input) {
        guard let delay = delay(from: party, to: .master, after: &toMaster) else { return breakDown() }
        let master = simulation.master
        let life = simulation.network.life(of: .master)
        guard simulation.network.isUp(.master) else { return breakDown() }
        // With the process its streams break, also those that it has not heard of yet.
        master.streams[token] = self
        let connection = master.connection(of: party)
        simulation.network.at(.master, after: delay) { [self] in
            guard !isBroken || arrivesLate, simulation.network.life(of: .master) == life else { return }
            if isBroken { simulation.tally.count(.heartbeatLate) }
            master.post(input(connection, token))
        }
    }

    /// The master sends a response.
    func respond(_ batch: TaskBatch) {
        guard let delay = delay(from: .master, to: party, after: &toServer) else { return breakDown() }
        simulation.network.at(party, after: delay) { [self] in if !isBroken { take(batch) } }
    }

    /// The server ends the stream in order: it stops.
    func leave() {
        if isBroken { return }
        simulation.master.streams[token] = nil
        simulation.network.send(party, .master) { [self] in
            simulation.master.post(.serverLeft(address, token))
            simulation.master.disconnect(party)
        }
        isBroken = true
    }

    /// The stream is lost; both ends find that out, each in its time.
    func breakDown() {
        if isBroken { return }
        isBroken = true
        simulation.tally.count(.streamBroken)
        arrivesLate = simulation.dice.chance(500)
        let noticed = simulation.dice.milliseconds(10...20_000)
        // Not before all that was sent.
        let arrived = Duration.nanoseconds(Int64(max(toMaster, simulation.agenda.now) - simulation.agenda.now))
        simulation.network.at(.master, after: max(noticed, arrived)) { [self] in
            simulation.master.streams[token] = nil
            simulation.master.post(.heartbeatStreamEnded(address, token))
        }
    }

    private func tellServer() {
        simulation.network.at(party, after: simulation.dice.milliseconds(10...15_000)) { [self] in lost() }
    }

    /// `nil` where the message does not arrive.
    private func delay(from source: Party, to target: Party, after last: inout UInt64) -> Duration? {
        let network = simulation.network
        if isBroken || network.isCut(source, target) { return nil }
        if network.isStormy, simulation.dice.chance(simulation.scenario.lossPerMille / 4) { return nil }
        let now = simulation.agenda.now
        last = max(last, now + UInt64(network.delay().nanoseconds))
        return .nanoseconds(Int64(last - now))
    }
}
