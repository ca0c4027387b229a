import DFSCore
import DFSMetadata

/// Puts a file as a Go client does: each chunk to one server, and no word at the end but that the connection closes.
final class GoPut {
    private let client: Client
    private let simulation: Simulation
    private let path: String
    private let contents: [[UInt8]]
    private var index = 0

    init(_ client: Client) {
        self.client = client
        simulation = client.simulation
        path = "go\(client.number).\(client.startedCount)"
        // A Go client's chunks have all the same size; smaller files are enough here.
        contents = [client.dice.bytes(client.dice.number(2...Int(simulation.scenario.policy.chunkSize)))]
    }

    func begin() {
        // Another process, with a connection of its own.
        simulation.master.disconnect(client.party)
        allocate()
    }

    private func allocate() {
        guard index < contents.count else {
            simulation.ledger.noteGoFile(path, contents)
            simulation.tally.count(.goFilePut)
            return end()
        }
        let (name, index) = (Client.name(path), index)
        simulation.ask(from: client.party, limit: .seconds(30)) { call, connection in
            let request = AllocationRequest(
                name: name, index: index, upload: nil, excluded: [], connection: connection)
            return .allocate(request, call)
        } then: { [self] answer in
            guard case .success(.allocated(let chunk, let servers)) = answer else { return end() }
            send(chunk, servers.map { Int($0.port) - 9000 })
        }
    }

    private func send(_ chunk: ChunkID, _ servers: [Int]) {
        guard let first = servers.first else { return end() }
        simulation.upload(
            Upload(
                chunk: chunk, content: contents[index], sender: client.party,
                life: simulation.network.life(of: client.party), isAnnounced: false, chain: [], feed: .whole),
            to: simulation.servers[first]
        ) { [self] outcome in
            if case .failure = outcome { return send(chunk, Array(servers.dropFirst())) }
            index += 1
            allocate()
        }
    }

    private func end() {
        let party = client.party
        simulation.network.send(party, .master) { [simulation] in simulation.master.disconnect(party) }
        client.next()
    }
}
