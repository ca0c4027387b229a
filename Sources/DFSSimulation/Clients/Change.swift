import DFSCore
import DFSMetadata

/// Changes a name: moves, removes, makes a folder, or wants another number of copies.
final class Change {
    private let client: Client
    private let simulation: Simulation

    init(_ client: Client) {
        self.client = client
        simulation = client.simulation
    }

    func begin() {
        let (dice, ledger) = (client.dice, simulation.ledger)
        let files = ledger.files.keys.filter { !$0.hasPrefix("log") }.sorted()
        let folder = "d\(dice.number(0...2))"
        switch dice.number(0...9) {
        case 0, 1:
            ask { call, _ in
                .makeFolder(Client.name(folder), call)
            } done: {
                ledger.madeFolder(folder)
            }
        case 2: remove(folder)
        case 3: rename(folder, to: "d\(dice.number(0...2))/sub\(dice.number(0...3))")
        case 4, 5: if let file = dice.pick(files) { remove(file) } else { client.done() }
        case 6:
            guard let file = dice.pick(files) else { return client.done() }
            let copies = dice.number(1...3)
            ask { call, _ in
                .setReplication(Client.name(file), copies, call)
            } done: {
                ledger.wished(copies, of: file)
            }
        default:
            guard let file = dice.pick(files) else { return client.done() }
            let target = dice.chance(500) ? "f\(dice.number(0...9))" : "\(folder)/f\(dice.number(0...9))"
            rename(file, to: target)
        }
    }

    private func rename(_ source: String, to target: String) {
        let (id, ledger) = ("r\(client.dice.word())", simulation.ledger)
        let request = RenameRequest(
            source: Client.name(source), target: Client.name(target), replaces: client.dice.chance(500), id: id)
        ask { call, _ in
            .rename(request, call)
        } done: {
            ledger.renamed(source, to: target, request: id)
        }
    }

    private func remove(_ path: String) {
        let (id, ledger) = ("d\(client.dice.word())", simulation.ledger)
        let request = RemovalRequest(path: Client.name(path), isRecursive: client.dice.chance(500), id: id)
        ask { call, _ in
            .remove(request, call)
        } done: {
            ledger.removed(path, request: id)
        }
    }

    private func ask(_ question: @escaping (CallToken, ConnectionToken) -> Input, done: @escaping () -> Void) {
        client.ask(question) { answer in
            if case .success = answer { done() }
        } then: { [self] answer in
            if case .success = answer { simulation.tally.count(.nameChanged) }
            client.done()
        }
    }
}
