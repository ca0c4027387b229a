import DFSCore
import DFSMetadata

/// When all is well: a reader opens every file that was promised and reads it, from each server that the master names. What lies on
/// the disks is worth nothing where a reader does not get it.
final class LastReading {
    /// Messages may be late by seconds also when all is well, and nothing is said of how soon a reader has his bytes.
    private static let patience = Duration.seconds(60)

    private let simulation: Simulation
    private let check: Convergence
    private let party: Party
    private var paths: ArraySlice<String>
    private(set) var isOver = false

    init(_ simulation: Simulation) {
        self.simulation = simulation
        check = Convergence(simulation: simulation)
        // Behind the clients and the operators.
        party = .client(simulation.scenario.clientCount + 1)
        let ledger = simulation.ledger
        paths = (Array(ledger.files.keys) + Array(ledger.goFiles.keys)).sorted()[...]
    }

    func begin() {
        simulation.network.start(party)
        next()
    }

    private func next() {
        guard let path = paths.popFirst() else {
            isOver = true
            return
        }
        simulation.ask(from: party, limit: Self.patience) { call, connection in
            .open(Client.name(path), near: nil, connection, call)
        } then: { [self] answer in
            guard case .success(.opened(let file)) = answer else {
                return simulation.violate("\(path) cannot be opened when all is well: \(answer)")
            }
            let chunks = simulation.chunks(of: file)
            compare(chunks, path)
            read(chunks.flatMap { chunk in simulation.servers(of: chunk).map { (chunk, $0) } }[...])
        }
    }

    /// What the master names must be what was promised, and on as many servers as it is.
    private func compare(_ chunks: ArraySlice<LocatedChunk>, _ path: String) {
        let ledger = simulation.ledger
        let ids = chunks.map(\.id)
        if let put = ledger.files[path], !ids.starts(with: put) {
            return simulation.violate("a reader of \(path) is told of \(ids), not of \(put)")
        }
        if let contents = ledger.goFiles[path], chunks.map(\.digest) != contents.map({ Digest(of: $0) }) {
            return simulation.violate("a reader of \(path) is told of other chunks than a Go client put")
        }
        if let record = ledger.records(of: path).first(where: { !ids.contains($0.chunk) }) {
            return simulation.violate("a reader of \(path) is not told of \(record.chunk), which has records")
        }
        let wanted = check.wantedCopies(ledger.copies[path] ?? simulation.scenario.policy.replication)
        for chunk in chunks where simulation.servers(of: chunk).count < wanted {
            simulation.violate(
                "a reader of \(chunk.id) is told of \(simulation.servers(of: chunk)), not of \(wanted) servers")
        }
    }

    private func read(_ copies: ArraySlice<(LocatedChunk, ServerAddress)>) {
        guard let (chunk, address) = copies.first else { return next() }
        let server = simulation.server(at: address)
        simulation.network.call(party, server.party, limit: Self.patience) { answer in
            answer(server.read(chunk.id))
        } then: { [self] (found: Result<[UInt8], DFSError>) in
            guard case .success(let bytes) = found, Digest(of: bytes) == chunk.digest else {
                return simulation.violate(
                    "\(server.party) does not give a reader \(chunk.id) when all is well: \(found)")
            }
            simulation.tally.count(.chunkReadAtEnd)
            read(copies.dropFirst())
        }
    }
}
