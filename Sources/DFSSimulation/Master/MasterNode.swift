import DFSCore
import DFSMetadata

/// The master: real decisions over a simulated store. As `MetadataManager` it decides what waits as one batch, makes the batch
/// durable, and only then lets its effects out.
final class MasterNode {
    struct Caller {
        /// Called when the decision is durable, whether or not the answer leaves.
        let decided: (Result<Answer, DFSError>) -> Void
        let answer: (Result<Answer, DFSError>) -> Void
    }

    unowned let simulation: Simulation
    let store = SimulatedStore()
    private var state: MasterState?
    private var inputs: [Input] = []
    private var callers: [CallToken: Caller] = [:]
    private var lastToken: UInt64 = 0
    private var isDraining = false
    /// What the calendar is off by, in seconds.
    var calendarLead = 0
    /// Servers by their heartbeat streams.
    var streams: [StreamToken: HeartbeatPipe] = [:]
    private var connections: [Party: (life: Int, token: ConnectionToken)] = [:]

    init(_ simulation: Simulation) { self.simulation = simulation }

    var now: MonotonicInstant { simulation.clock(of: .master) }

    private var wallSeconds: UInt64 {
        UInt64(Simulation.beganAt + Int(simulation.agenda.now / 1_000_000_000) + calendarLead)
    }

    // MARK: Its life

    func start() {
        simulation.network.start(.master)
        do {
            state = try store.recover(
                policy: simulation.scenario.policy, seed: simulation.dice.word(), now: now
            ).state
        } catch {
            return simulation.violate("the master does not start from what it stored: \(error)")
        }
        simulation.trace.note("master starts")
        tick()
    }

    /// The process ends; what is durable stays.
    func kill() {
        simulation.network.stop(.master)
        state = nil
        inputs = []
        callers = [:]
        isDraining = false
        connections = [:]
        let broken = streams.values.sorted { $0.token.rawValue < $1.token.rawValue }
        streams = [:]
        for pipe in broken { pipe.isBroken = true }
        simulation.trace.note("master is killed")
        simulation.agenda.after(simulation.dice.milliseconds(100...20_000)) { [simulation] in
            if !simulation.network.isUp(.master) { simulation.master.start() }
        }
    }

    private func tick() {
        post(.tick)
        simulation.network.at(.master, after: simulation.local(.seconds(1), at: .master)) { [self] in tick() }
    }

    // MARK: What comes

    /// The connection over which a party calls.
    func connection(of party: Party) -> ConnectionToken {
        let life = simulation.network.life(of: party)
        if let known = connections[party] {
            if known.life == life { return known.token }
            // A process that comes after another one has closed its connection by then.
            disconnect(party)
        }
        lastToken += 1
        let token = ConnectionToken(rawValue: lastToken)
        connections[party] = (life, token)
        return token
    }

    /// The party's connection is gone.
    func disconnect(_ party: Party) {
        guard let known = connections.removeValue(forKey: party) else { return }
        post(.connectionClosed(known.token))
    }

    func post(_ input: Input) {
        guard simulation.network.isUp(.master) else { return }
        inputs.append(input)
        if isDraining { return }
        isDraining = true
        simulation.network.at(.master, after: .microseconds(simulation.dice.number(20...3000))) { [self] in drain() }
    }

    func ask(_ caller: Caller, _ question: (CallToken) -> Input) {
        lastToken += 1
        let token = CallToken(rawValue: lastToken)
        callers[token] = caller
        post(question(token))
    }

    // MARK: What it does

    private func drain() {
        isDraining = false
        let waiting = inputs
        inputs = []
        decide(waiting)
        var turns = 0
        while state?.hasBacklog == true, turns < 100 {
            decide([.goOn])
            turns += 1
        }
    }

    private func decide(_ inputs: [Input]) {
        guard state != nil else { return }
        var effects: [Effect] = []
        for input in inputs {
            let more = state?.step(input, now: now, wallSeconds: wallSeconds) ?? []
            simulation.watch.check(input, more)
            effects += more
        }
        let isStormy = simulation.network.isStormy
        let batch = effects.compactMap { if case .persist(let mutation) = $0 { mutation } else { nil } }
        if isStormy, !batch.isEmpty, simulation.dice.chance(2) {
            simulation.tally.count(.masterKilledBeforeCommit)
            return kill()
        }
        do {
            try store.append(batch)
        } catch {
            simulation.tally.count(.storeFailed)
            return kill()
        }
        for effect in effects {
            switch effect {
            case .answer(let call, let answer): callers[call]?.decided(answer)
            case .log(.removed(let path, trash: let id)): simulation.ledger.trashed(path.text, as: id)
            default: break
            }
        }
        if isStormy, !batch.isEmpty, simulation.dice.chance(2) {
            simulation.tally.count(.masterKilledAfterCommit)
            return kill()
        }
        for effect in effects { perform(effect) }
    }

    private func perform(_ effect: Effect) {
        switch effect {
        case .persist: break
        case .answer(let call, let answer): callers.removeValue(forKey: call)?.answer(answer)
        case .heartbeatResponse(let stream, let batch): streams[stream]?.respond(batch)
        case .describe(let address): describe(address)
        case .readBack(let chunk, let address): readBack(chunk, address)
        case .fence(let chunk, let address): fence(chunk, address)
        case .seal(let chunk, let length, let address): seal(chunk, length, address)
        case .log(let notice):
            if case .sealed(let name, _) = notice { simulation.ledger.noteSealed(name.text) }
            simulation.trace.note("master: \(notice)")
            simulation.watch.check(notice)
        }
    }
}
