import DFSCore
import DFSMetadata

/// A chunk server of the Go original, modelled after WIRE's account of it: it lists and serves a chunk from its first byte,
/// overwrites what it has, keeps what a broken upload left, compares nothing, and never tells of a result. What it tells of its
/// chunks is a list that a look into its folder makes anew now and then.
final class GoServer: Server {
    unowned let simulation: Simulation
    let number: Int
    let kind = NodeKind.go
    let nodeID = ""
    let location: NetworkLocation? = nil
    private var files: [ChunkID: [UInt8]] = [:]
    /// Files with a bad sector: they are listed, and no read of them comes to its end.
    private var unreadable: Set<ChunkID> = []
    private var pipe: HeartbeatPipe?
    private var lastStream: UInt64 = 0
    /// What heartbeats list: nothing before the first look into the folder.
    private var listed: [ChunkID] = []

    init(_ simulation: Simulation, number: Int) {
        self.simulation = simulation
        self.number = number
        files[simulation.stranger(of: number)] = [1, 2, 3]
    }

    func start() {
        simulation.network.start(party)
        simulation.trace.note("\(party) starts (Go)")
        listed = []
        let isSeen = simulation.dice.chance(500)
        if isSeen { scan() }
        register()
        if !isSeen { scan() }
        beat()
    }

    /// Looks into the folder, where half a chunk looks like a whole one.
    private func scan() {
        listed = files.keys.sorted()
        simulation.network.at(party, after: simulation.local(.seconds(10), at: party)) { [self] in scan() }
    }

    private var report: (ConnectionToken) -> ServerReport {
        { [address, listed] in
            ServerReport(address: address, connection: $0, freeBytes: 1 << 40, chunks: listed)
        }
    }

    /// Until the master answers; then the stream begins.
    private func register() {
        let report = report
        simulation.ask(from: party, limit: .seconds(30), isRepeatable: true) { call, connection in
            .register(report(connection), call)
        } then: { [self] answer in
            if case .success = answer { return openStream() }
            simulation.network.at(party, after: .seconds(1)) { [self] in register() }
        }
    }

    /// Another stream, or where the master is away all from the beginning.
    private func reconnect() { simulation.network.isUp(.master) ? openStream() : register() }

    func crash(powerLost: Bool) {
        pipe?.breakDown()
        pipe = nil
        simulation.network.stop(party)
        simulation.master.disconnect(party)
    }

    func stop() { crash(powerLost: false) }

    func fail(_ fault: Fault) {}
    func mendDisk() { unreadable = [] }

    private func openStream() {
        lastStream += 1
        pipe = HeartbeatPipe(
            simulation, token: StreamToken(rawValue: UInt64(number) << 32 | lastStream), address: address, party: party,
            take: { [unowned self] in take($0) }, lost: { [unowned self] in reconnect() })
    }

    private func beat() {
        let report = report
        pipe?.beat { connection, stream in .heartbeat(report(connection), stream) }
        simulation.network.at(party, after: simulation.local(.seconds(5), at: party)) { [self] in beat() }
    }

    private func take(_ batch: TaskBatch) {
        for chunk in batch.deletions where files[chunk] != nil {
            simulation.watch.willDelete(chunk, on: self, "ordered")
            files[chunk] = nil
            unreadable.remove(chunk)
            listed.removeAll { $0 == chunk }
            simulation.tally.count(.chunkDeleted)
        }
        for copy in batch.copies {
            guard let content = files[copy.chunk], !unreadable.contains(copy.chunk) else { continue }
            let target = simulation.server(at: copy.target)
            simulation.upload(
                Upload(
                    chunk: copy.chunk, content: content, sender: party, life: simulation.network.life(of: party),
                    isAnnounced: false, chain: [], feed: .whole), to: target
            ) { _ in }
        }
    }

    func take(_ upload: Upload, _ answer: @escaping (Result<Set<Int>, DFSError>) -> Void) {
        unreadable.remove(upload.chunk)
        files[upload.chunk] = Array(upload.content.prefix(upload.content.count / 2))
        let network = simulation.network
        let life = network.life(of: party)
        network.at(party, after: network.delay()) { [self] in
            let isLost = network.life(of: upload.sender) != upload.life || network.isCut(upload.sender, party)
            if isLost || network.isStormy && simulation.dice.chance(10) { return }
            upload.feed.whenOver { [self] isWell in
                guard isWell, network.life(of: party) == life else { return }
                files[upload.chunk] = upload.content
                listed.append(upload.chunk)
                answer(.success([number]))
            }
        }
    }

    func read(_ chunk: ChunkID) -> Result<[UInt8], DFSError> {
        if unreadable.contains(chunk) { return .failure(DFSError(.unavailable, "\(chunk) cannot be read")) }
        return files[chunk].map { .success($0) } ?? .failure(DFSError(.notFound, "no chunk \(chunk)"))
    }

    func find(_ chunk: ChunkID, _ then: @escaping (Finding) -> Void) {
        if unreadable.contains(chunk) { return then(.unreachable) }
        then(files[chunk].map { .read(Digest(of: $0)) } ?? .absent)
    }

    func fence(_ chunk: OpenVersion) -> Result<FenceAnswer, DFSError> { .failure(DFSError(.unimplemented, "Go")) }

    func seal(_ chunk: OpenVersion, length: UInt64) -> Result<UInt32, DFSError> {
        .failure(DFSError(.unimplemented, "Go"))
    }

    func copy(of chunk: ChunkID) -> [UInt8]? { files[chunk] }

    var chunks: [ChunkID] { files.keys.sorted() }

    func hasOrderToDelete(_ chunk: ChunkID) -> Bool { false }

    func flipBit(of chunk: ChunkID, _ dice: Dice) {
        guard let count = files[chunk]?.count, count > 0 else { return }
        files[chunk]?[dice.number(0...count - 1)] ^= 1 << UInt8(dice.number(0...7))
    }

    func spoil(_ chunk: ChunkID) { unreadable.insert(chunk) }

    func keepsThroughPowerLoss(_ chunk: ChunkID) -> Bool { files[chunk] != nil && !unreadable.contains(chunk) }
}
