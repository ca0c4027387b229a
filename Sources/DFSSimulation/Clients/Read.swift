import DFSCore
import DFSMetadata

/// Reads a file, chunk by chunk from the first server that gives bytes that match what the master says.
final class Read {
    private let client: Client
    private let simulation: Simulation
    private let path: String
    /// Records that were acknowledged before the read began.
    private var promised: [Ledger.Record] = []
    /// In which an open chunk is read at most.
    private var pieces = 20

    init(_ client: Client) {
        self.client = client
        simulation = client.simulation
        let ledger = client.simulation.ledger
        let all = (Array(ledger.files.keys) + Array(ledger.goFiles.keys)).sorted()
        path = client.dice.chance(500) ? "log\(client.dice.number(0...2))" : client.dice.pick(all) ?? "f0"
    }

    func begin() {
        let name = Client.name(path)
        promised = simulation.ledger.records(of: path)
        client.ask { call, connection in
            .open(name, near: nil, connection, call)
        } then: { [self] answer in
            guard case .success(.opened(let file)) = answer else { return client.done() }
            let chunks = simulation.chunks(of: file)
            compare(chunks)
            read(chunks)
        }
    }

    private func read(_ chunks: ArraySlice<LocatedChunk>) {
        guard let chunk = chunks.first else { return client.done() }
        read(chunk, from: simulation.servers(of: chunk)) { [self] in
            // A long read of an open chunk asks its primary again and again, and the master no more.
            if chunk.digest == nil, pieces > 0, client.dice.chance(900) {
                pieces -= 1
                simulation.network.at(client.party, after: client.dice.milliseconds(500...4000)) { [self] in
                    read(chunks)
                }
            } else {
                read(chunks.dropFirst())
            }
        }
    }

    private func read(_ chunk: LocatedChunk, from servers: ArraySlice<ServerAddress>, _ then: @escaping () -> Void) {
        guard let address = servers.first else { return then() }
        let server = simulation.server(at: address)
        simulation.network.call(client.party, server.party, limit: .seconds(10)) { answer in
            if chunk.digest == nil, let server = server as? ChunkServer {
                answer(server.readOpen(chunk.id))
            } else {
                answer(server.read(chunk.id))
            }
        } then: { [self] (found: Result<[UInt8], DFSError>) in
            guard case .success(let bytes) = found else { return read(chunk, from: servers.dropFirst(), then) }
            guard let digest = chunk.digest else {
                simulation.tally.count(.openChunkRead)
                check(bytes, of: chunk)
                return then()
            }
            guard Digest(of: bytes) == digest else {
                let (id, address) = (chunk.id, address)
                client.ask({ call, _ in .damage(id, at: address, call) }, attempts: 1) { _ in }
                return read(chunk, from: servers.dropFirst(), then)
            }
            simulation.tally.count(.chunkRead)
            check(bytes, of: chunk)
            then()
        }
    }

    /// All that has acknowledged records must be named, but for those of a file that has got another name meanwhile.
    private func compare(_ chunks: ArraySlice<LocatedChunk>) {
        let standing = Set(simulation.ledger.records(of: path).map(\.chunk))
        if let lost = promised.first(where: { record in
            standing.contains(record.chunk) && !chunks.contains { $0.id == record.chunk }
        }) {
            simulation.violate(
                "a reader of \(path) is not told of \(lost.chunk), which had acknowledged records before")
        }
    }

    /// What a reader takes for right must be what was written.
    private func check(_ bytes: [UInt8], of chunk: LocatedChunk) {
        if let content = simulation.ledger.contents[chunk.id], content != bytes {
            simulation.violate("a reader of \(path) was given other bytes of \(chunk.id) than were written")
        }
        for record in promised where record.chunk == chunk.id {
            let end = record.offset + record.bytes.count
            if bytes.count < end || Array(bytes[record.offset..<end]) != record.bytes {
                simulation.violate(
                    "a reader of \(path) lacks the record at byte \(record.offset) of \(chunk.id), acknowledged before")
            }
        }
    }
}
