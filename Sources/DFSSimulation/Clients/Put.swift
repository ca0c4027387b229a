import DFSCore
import DFSMetadata

/// Puts a file as a client of ours does, after `Uploader` and `ChunkPut`: creation, chunk by chunk by a chain or by calls to each
/// server, other servers in the place of those that fail, completion.
final class Put {
    private static let maxAttempts = 4

    private let client: Client
    private let simulation: Simulation
    private let path: String
    private let contents: [[UInt8]]
    private let replaces: Bool
    private let then: ((Bool) -> Void)?
    private var upload = FileID(rawValue: 0)
    private var written: [WrittenChunk] = []

    /// - Parameter then: told of the end; without it the client goes on to its next work.
    init(_ client: Client, path: String? = nil, contents: [[UInt8]]? = nil, then: ((Bool) -> Void)? = nil) {
        self.client = client
        simulation = client.simulation
        let dice = client.dice
        let size = Int(simulation.scenario.policy.chunkSize)
        // A log that somebody else has made meanwhile must stay.
        replaces = path == nil && dice.chance(500)
        self.path = path ?? "f\(dice.number(0...9))"
        self.contents =
            contents ?? (0..<dice.number(0...2)).map { _ in dice.bytes(size) } + [dice.bytes(dice.number(1...size))]
        self.then = then
    }

    func begin() {
        let (name, replaces, request) = (Client.name(path), replaces, "c\(client.dice.word())")
        client.ask { call, connection in
            .create(CreationRequest(name: name, replaces: replaces, id: request, connection: connection), call)
        } then: { [self] answer in
            guard case .success(.created(let id, _, _)) = answer else { return end(false) }
            upload = id
            putNext()
        }
    }

    private func end(_ isDone: Bool) {
        if !isDone, upload.rawValue != 0, client.dice.chance(500) {
            let id = upload
            client.ask { call, _ in
                .abandon(id, call)
            } then: { _ in
            }
        }
        if let then { then(isDone) } else { client.done() }
    }

    private func putNext() {
        if written.count == contents.count { return complete() }
        allocate(excluding: []) { [self] answer in
            guard case .success(.allocated(let chunk, let servers)) = answer else { return end(false) }
            let content = contents[written.count]
            simulation.ledger.note(content, of: chunk)
            ChunkSending(self, chunk, content, servers).round()
        }
    }

    private func allocate(
        excluding excluded: [ServerAddress], _ then: @escaping (Result<Answer, DFSError>) -> Void
    ) {
        let (name, index, upload) = (Client.name(path), written.count, upload)
        client.ask(
            { call, connection in
                let request = AllocationRequest(
                    name: name, index: index, upload: upload, excluded: excluded, connection: connection)
                return .allocate(request, call)
            }, then: then)
    }

    private func complete() {
        let (ledger, path, upload, written) = (simulation.ledger, path, upload, written)
        let chunks = written.map(\.id)
        client.ask { call, connection in
            .complete(CompletionRequest(upload: upload, connection: connection, chunks: written), call)
        } decided: { answer in
            if case .success(.completed) = answer { ledger.completed(upload, as: path, chunks) }
        } then: { [self] answer in
            if case .success = answer {
                simulation.tally.count(.filePut)
                self.upload = FileID(rawValue: 0)
                end(true)
            } else {
                end(false)
            }
        }
    }

    /// One chunk, to its servers and to others in their place.
    private final class ChunkSending {
        let put: Put
        let chunk: ChunkID
        let content: [UInt8]
        var servers: [ServerAddress]
        var acknowledged: Set<Int> = []
        var failed: Set<Int> = []
        var excluded: [ServerAddress] = []
        var attempt = 1

        init(_ put: Put, _ chunk: ChunkID, _ content: [UInt8], _ servers: [ServerAddress]) {
            (self.put, self.chunk, self.content, self.servers) = (put, chunk, content, servers)
        }

        var numbers: [Int] { servers.map { Int($0.port) - 9000 } }

        /// Sends to the first that has neither got it nor failed, which forwards it where it can.
        func round() {
            let untried = numbers.filter { !acknowledged.contains($0) && !failed.contains($0) }
            guard let first = untried.first else { return conclude() }
            let (simulation, client) = (put.simulation, put.client)
            let server = simulation.servers[first]
            let chain = server.kind == .swift && !client.dice.chance(200) ? Array(untried.dropFirst()) : []
            simulation.upload(
                Upload(
                    chunk: chunk, content: content, sender: client.party,
                    life: simulation.network.life(of: client.party), isAnnounced: true, chain: chain, feed: .whole),
                to: server
            ) { [self] outcome in
                switch outcome {
                case .success(let holders):
                    acknowledged.formUnion(holders)
                    failed.formUnion(Set(chain).subtracting(holders))
                case .failure: failed.insert(first)
                }
                round()
            }
        }

        private func conclude() {
            let holders = servers.filter { acknowledged.contains(Int($0.port) - 9000) }
            if holders.count == servers.count {
                put.written.append(WrittenChunk(id: chunk, digest: Digest(of: content), servers: holders))
                return put.putNext()
            }
            attempt += 1
            guard attempt <= Put.maxAttempts else { return put.end(false) }
            excluded += servers.filter { !holders.contains($0) && !excluded.contains($0) }
            allocateAgain()
        }

        private func allocateAgain() {
            put.allocate(excluding: excluded) { [self] answer in
                switch answer {
                case .success(.allocated(let id, let others)) where id == chunk:
                    servers = others
                    failed = []
                    round()
                case .failure(let error) where error.code == .resourceExhausted && !excluded.isEmpty:
                    excluded = []
                    put.simulation.network.at(put.client.party, after: .seconds(attempt)) { [self] in allocateAgain() }
                default: put.end(false)
                }
            }
        }
    }
}
