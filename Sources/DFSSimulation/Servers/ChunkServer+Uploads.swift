import DFSChunkStore
import DFSCore
import DFSMetadata
import NIOCore

// As `UploadService` and `ChunkForwarder` take a chunk: durable, told to the master, and forwarded, before it is acknowledged.
extension ChunkServer {
    private static let pieceCount = 3

    func take(_ upload: Upload, _ answer: @escaping (Result<Set<Int>, DFSError>) -> Void) {
        let expected = ExpectedContent(
            length: upload.isAnnounced ? Int64(upload.content.count) : nil,
            crc32c: upload.isAnnounced ? CRC32C.of(upload.content) : nil)
        switch onDisk({ store throws(DFSError) in try store.beginUpload(of: upload.chunk, expecting: expected) }) {
        case .failure(let error): answer(.failure(error))
        case .success(let writer):
            process.lastWriter += 1
            let number = process.lastWriter
            process.writers[number] = writer
            let onward = Onward(self, upload)
            receive(upload, 0, number) { [self] outcome in
                process.writers[number] = nil
                onward.feed.end(well: (try? outcome.get()) != nil)
                switch outcome {
                case .failure(let error): answer(.failure(error))
                case .success(let digest): finish(upload, digest, onward, answer)
                }
            }
        }
    }

    /// Takes the pieces one after the other, as they come, and commits.
    private func receive(
        _ upload: Upload, _ piece: Int, _ number: UInt64,
        _ then: @escaping (Result<ContentDigest, DFSError>) -> Void
    ) {
        guard let writer = process.writers[number] else { return }
        let network = simulation.network
        let isLost = network.life(of: upload.sender) != upload.life || network.isCut(upload.sender, party)
        if isLost || network.isStormy && simulation.dice.chance(4) {
            writer.abandon()
            return then(.failure(DFSError(.unavailable, "the sender of \(upload.chunk) is gone")))
        }
        let count = upload.content.count
        let part = upload.content[count * piece / Self.pieceCount..<count * (piece + 1) / Self.pieceCount]
        let data = UploadPiece(
            segments: part.isEmpty ? [] : [ByteBuffer(bytes: part)], checksum: upload.isAnnounced ? CRC32C.of(part) : 0)
        if case .failure(let error) = onDisk({ _ throws(DFSError) in try writer.append([data]) }) {
            writer.abandon()
            return then(.failure(error))
        }
        let life = network.life(of: party)
        network.at(party, after: network.delay()) { [self] in
            if piece + 1 < Self.pieceCount { return receive(upload, piece + 1, number, then) }
            awaitEnd(of: upload) { [self] isWell in
                guard network.life(of: party) == life else { return }
                guard isWell else {
                    writer.abandon()
                    return then(.failure(DFSError(.unavailable, "the sender has failed")))
                }
                then(onDisk { _ throws(DFSError) in try writer.commit() })
            }
        }
    }

    /// Waits for the sender to have all of it, or for its connection to go with its process.
    private func awaitEnd(of upload: Upload, _ then: @escaping (Bool) -> Void) {
        var isDecided = false
        let decide = { (isWell: Bool) in
            if isDecided { return }
            isDecided = true
            then(isWell)
        }
        upload.feed.whenOver(decide)
        func watchSender() {
            if isDecided { return }
            if simulation.network.life(of: upload.sender) != upload.life { return decide(false) }
            simulation.network.at(party, after: .seconds(1)) { watchSender() }
        }
        watchSender()
    }

    private func finish(
        _ upload: Upload, _ digest: ContentDigest, _ onward: Onward,
        _ answer: @escaping (Result<Set<Int>, DFSError>) -> Void
    ) {
        noteChange()
        simulation.trace.note("\(party) stored \(upload.chunk): \(digest)")
        guard upload.isAnnounced else { return finishForGoClient(upload, digest, answer) }
        announce(upload.chunk, digest, isVouchedFor: true) { [self] told in
            if case .failure(let error) = told { return answer(.failure(error)) }
            onward.whenOver { [number] others in answer(.success(others.union([number]))) }
        }
    }

    /// A Go client sends to one server, which asks the master for the others.
    private func finishForGoClient(
        _ upload: Upload, _ digest: ContentDigest, _ answer: @escaping (Result<Set<Int>, DFSError>) -> Void
    ) {
        let asker = address
        ask(limit: .seconds(5)) { call, _ in
            .targets(upload.chunk, asker: asker, call)
        } then: { [self] found in
            var targets: [Int] = []
            if case .success(.targets(let servers)) = found { targets = servers.map { Int($0.port) - 9000 } }
            var (waiting, synced) = (targets.count, [ServerAddress]())
            let conclude = { [self] in
                announce(upload.chunk, digest, syncedOn: synced, isVouchedFor: false) { [number] told in
                    answer(told.map { [number] })
                }
            }
            if targets.isEmpty { conclude() }
            for target in targets {
                forward(upload.chunk, to: simulation.servers[target]) { [self] outcome in
                    let server = simulation.servers[target]
                    if case .success = outcome, server.kind == .go { synced.append(server.address) }
                    waiting -= 1
                    if waiting == 0 { conclude() }
                }
            }
        }
    }

    /// Sends a chunk that is here whole.
    func forward(
        _ chunk: ChunkID, to server: any Server, _ then: @escaping (Result<Set<Int>, DFSError>) -> Void
    ) {
        switch read(chunk) {
        case .failure(let error): then(.failure(error))
        case .success(let content):
            simulation.upload(
                Upload(
                    chunk: chunk, content: content, sender: party, life: simulation.network.life(of: party),
                    isAnnounced: true, chain: [], feed: .whole), to: server, then)
        }
    }

    /// Tells the master of a chunk, as `MasterSession.announce` does.
    func announce(
        _ chunk: ChunkID, _ digest: ContentDigest, syncedOn: [ServerAddress] = [], isVouchedFor: Bool,
        ground: DeletionGround = .doubtful, _ then: @escaping (Result<Void, DFSError>) -> Void
    ) {
        guard process.hasMaster else {
            let isKnown = !process.hadMaster || isVouchedFor
            return then(isKnown ? .success(()) : .failure(DFSError(.unavailable, "the master is away")))
        }
        report([(chunk, digest)], syncedOn: syncedOn, limit: .seconds(5)) { [self] told in
            switch told {
            case .success(let unwanted) where unwanted.contains(chunk):
                putAside(chunk, ground)
                then(.failure(DFSError(.dataLoss, "the master knows other bytes for chunk \(chunk)")))
            case .success: then(.success(()))
            case .failure(let error):
                process.unconfirmed.insert(chunk)
                then(isVouchedFor ? .success(()) : .failure(error))
            }
        }
    }
}

/// What becomes of a chunk behind the server that takes it.
private final class Onward {
    let feed = Feed()
    private var acknowledged: Set<Int>? = nil
    private var waiting: ((Set<Int>) -> Void)?

    init(_ server: ChunkServer, _ upload: Upload) {
        let simulation = server.simulation
        guard let next = upload.chain.first else {
            acknowledged = []
            return
        }
        let rest = Array(upload.chain.dropFirst())
        simulation.upload(
            Upload(
                chunk: upload.chunk, content: upload.content, sender: server.party,
                life: simulation.network.life(of: server.party), isAnnounced: true, chain: rest, feed: feed),
            to: simulation.servers[next]
        ) { [self, unowned server] outcome in
            if case .success(let servers) = outcome { return finish(servers) }
            // The one behind has failed: those behind it get the chunk from the disk here.
            guard feed.hasEndedWell == true, let other = rest.first else { return finish([]) }
            server.forward(upload.chunk, to: simulation.servers[other]) { [self] in
                finish((try? $0.get()) ?? [])
            }
        }
    }

    private func finish(_ servers: Set<Int>) {
        acknowledged = servers
        waiting?(servers)
        waiting = nil
    }

    func whenOver(_ body: @escaping (Set<Int>) -> Void) {
        if let acknowledged { body(acknowledged) } else { waiting = body }
    }
}
