import DFSCore
import DFSMetadata

/// One client process after another at the same place: each does a few things and ends.
final class Client {
    unowned let simulation: Simulation
    let number: Int
    private var isFinishing = false
    /// Files begun by this place; names are used again.
    var startedCount = 0

    init(_ simulation: Simulation, number: Int) {
        self.simulation = simulation
        self.number = number
    }

    var party: Party { .client(number) }
    var dice: Dice { simulation.dice }

    func start() {
        guard !simulation.network.isUp(party) else { return }
        simulation.network.start(party)
        next()
    }

    /// The process is killed; another one begins later.
    func kill() {
        guard simulation.network.isUp(party) else { return }
        simulation.tally.count(.clientKilled)
        vanish()
        simulation.agenda.after(dice.milliseconds(100...10_000)) { [self] in
            if !isFinishing { start() }
        }
    }

    /// The process ends, and no other one comes.
    func vanish() {
        isFinishing = isFinishing || !simulation.network.isStormy
        let party = party
        simulation.network.stop(party)
        simulation.agenda.after(dice.milliseconds(1...5000)) { [simulation] in
            if !simulation.network.isUp(party) { simulation.master.disconnect(party) }
        }
    }

    /// What is under way is brought to its end, and nothing more is begun.
    func finish() { isFinishing = true }

    /// Begins the next piece of work, or ends.
    func next() {
        if isFinishing { return simulation.network.at(party, after: .seconds(1)) { [self] in vanish() } }
        simulation.network.at(party, after: dice.milliseconds(1...8000)) { [self] in
            startedCount += 1
            switch dice.number(0...99) {
            case 0..<25: Put(self).begin()
            case 25..<33: GoPut(self).begin()
            case 33..<66: Appends(self).begin()
            case 66..<83: Read(self).begin()
            default: Change(self).begin()
            }
        }
    }

    /// The work is over. A new process has a new connection.
    func done() {
        if dice.chance(300) { simulation.master.disconnect(party) }
        next()
    }

    /// Asks the master, again and again for about as long as a client does, while it only says that it is not able to now.
    func ask(
        _ question: @escaping (CallToken, ConnectionToken) -> Input,
        decided: @escaping (Result<Answer, DFSError>) -> Void = { _ in },
        attempts: Int = 5, then: @escaping (Result<Answer, DFSError>) -> Void
    ) {
        simulation.ask(from: party, limit: .seconds(5), isRepeatable: true, question, decided: decided) {
            [self] answer in
            guard case .failure(let error) = answer, error.code == .unavailable, attempts > 1 else {
                return then(answer)
            }
            simulation.network.at(party, after: dice.milliseconds(200...4000)) { [self] in
                ask(question, decided: decided, attempts: attempts - 1, then: then)
            }
        }
    }

    /// Whether records are appended to the file.
    static func isLog(_ path: String) -> Bool { path.split(separator: "/").last?.hasPrefix("log") ?? false }

    /// A plain name that is right by the way it is made.
    static func name(_ text: String) -> FileName { FileName(known: text) }
}
