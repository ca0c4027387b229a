import DFSCore
import DFSMetadata

/// Changes a name: moves, removes, brings back, makes a folder, or wants another number of copies.
final class Change {
    private let client: Client
    private let simulation: Simulation

    init(_ client: Client) {
        self.client = client
        simulation = client.simulation
    }

    func begin() {
        let (dice, ledger) = (client.dice, simulation.ledger)
        let all = ledger.files.keys.sorted()
        let files = all.filter { !Client.isLog($0) }
        let folder = "d\(dice.number(0...2))"
        switch dice.number(0...12) {
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
            guard let file = dice.pick(all) else { return client.done() }
            let copies = dice.number(1...3)
            ask { call, _ in
                .setReplication(Client.name(file), copies, call)
            } done: {
                ledger.wished(copies, of: file)
            }
        case 7, 8: restore(to: dice.chance(500) ? nil : "\(folder)/back\(dice.number(0...3))")
        case 9: emptyTrash()
        default:
            guard let file = dice.pick(files) else { return client.done() }
            let name = "f\(dice.number(0...9))"
            rename(file, to: dice.chance(500) ? name : "\(folder)/\(name)")
        }
    }

    private func restore(to target: String?) {
        let (request, ledger) = ("b\(client.dice.word())", simulation.ledger)
        guard let id = client.dice.pick(ledger.trash.keys.sorted()) else { return client.done() }
        ask { call, _ in
            .restore(id, to: target.map { Client.name($0) }, request: request, call)
        } done: { [simulation] in
            simulation.tally.count(.broughtBack)
            ledger.restored(id, to: target, request: request)
        }
    }

    /// One removal goes for good, or seldom all of them.
    private func emptyTrash() {
        let request = "e\(client.dice.word())"
        let id = client.dice.chance(900) ? client.dice.pick(simulation.ledger.trash.keys.sorted()) : nil
        ask { call, _ in
            .emptyTrash(id, request: request, call)
        } done: { [simulation] in
            simulation.tally.count(.trashEmptied)
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
