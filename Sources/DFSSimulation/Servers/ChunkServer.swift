import DFSChunkServer
import DFSChunkStore
import DFSCore
import DFSMetadata
import NIOCore
import Synchronization

/// A chunk server of ours: the real store on a simulated disk, the real tables of leases, records, copies and deletions, and
/// around them what `DFSChunkServer` does, without its threads and sockets.
final class ChunkServer: Server {
    static let root = "/data"

    unowned let simulation: Simulation
    let number: Int
    let kind = NodeKind.swift
    let location: NetworkLocation?
    let disk = SimulatedDisk()
    private let seconds = SharedSeconds()
    var store: ChunkStore?
    /// What dies with the process.
    var process = Process()
    var lastStream: UInt64 = 0
    /// What the calendar is off by, in seconds.
    var calendarLead = 0

    struct Process {
        var leases = LeaseTable()
        var primaries: [ChunkID: Primary] = [:]
        var copies = ReplicationTasks()
        var breaker = DeletionBreaker()
        var deletions: [ChunkID: DeletionOrder] = [:]
        /// Deletions held by the breaker, and those of `deletions` that an operator has released.
        var held: [ChunkID: DeletionOrder] = [:]
        var released: Set<ChunkID> = []
        /// Deletions that were decided, and that the disk has not got yet.
        var deleting: Set<ChunkID> = []
        /// Chunks without a digest, found at the start and not looked at yet.
        var adopted: [ChunkID] = []
        var writers: [UInt64: ChunkWriter] = [:]
        var lastWriter: UInt64 = 0
        var pipe: HeartbeatPipe?
        var telling = Telling()
        /// Whether the session with the master stands.
        var hasMaster = false
        var hadMaster = false
        var unconfirmed: Set<ChunkID> = []
        var undeclaredDamage: Set<ChunkID> = []
        var scrubbed: ChunkID?
        var isStopping = false
        var toldRevision: UInt64 = 0
    }

    init(_ simulation: Simulation, number: Int) {
        self.simulation = simulation
        self.number = number
        location = simulation.scenario.locations[number]
        if simulation.canary == .skipSync { disk.ignoreSyncs() }
    }

    var nodeID: String { store?.nodeID ?? "" }

    private func setCalendar() {
        let now = Simulation.beganAt + Int(simulation.agenda.now / 1_000_000_000) + calendarLead
        seconds.value.store(now, ordering: .relaxed)
    }

    var clock: MonotonicInstant { simulation.clock(of: party) }

    // MARK: Its life

    func start() {
        guard !simulation.network.isUp(party) else { return }
        simulation.network.start(party)
        process = Process()
        process.breaker = DeletionBreaker(simulation.scenario.breakerLimits)
        setCalendar()
        var settings = ChunkStore.Settings()
        settings.quarantineKeep = .seconds(simulation.scenario.quarantineKeepSeconds)
        settings.usualChunkSize = Int64(simulation.scenario.policy.chunkSize)
        if simulation.network.isStormy, simulation.dice.chance(80) {
            disk.strike(
                simulation.dice.chance(500) ? .powerLoss : .failOnce, atCall: simulation.dice.number(1...60))
        }
        let seconds = seconds
        do {
            let store = try ChunkStore(
                root: Self.root, files: disk, settings: settings,
                wallClock: { Int64(seconds.value.load(ordering: .relaxed)) }, newNodeID: "node\(number)")
            self.store = store
            simulation.trace.note("\(party) starts: \(store.startReport)")
            try placeStranger()
        } catch {
            simulation.trace.note("\(party) does not start: \(error)")
            store = nil
            simulation.network.stop(party)
            endStart()
            // As a service manager does it.
            return simulation.agenda.after(.seconds(5)) { [self] in start() }
        }
        process.adopted = store?.withCatalog { $0.unverified.sorted() } ?? []
        openStream()
        beat()
        everySecond()
    }

    /// The disk did not let the process begin.
    private func endStart() {
        if disk.hasLostPower {
            simulation.tally.count(.powerLostAtStart)
            disk.losePower(simulation.dice)
        } else {
            simulation.tally.count(.diskErrorAtStart)
            disk.endProcess()
        }
    }

    /// A chunk of another cluster, which must survive everything.
    private func placeStranger() throws(DFSError) {
        guard let store else { return }
        let chunk = simulation.stranger(of: number)
        guard store.withCatalog({ $0.stored(chunk) }) == nil else { return }
        let writer = try store.beginUpload(of: chunk, expecting: ExpectedContent())
        do throws(DFSError) {
            try writer.append([UploadPiece(segments: [ByteBuffer(bytes: [1, 2, 3])], checksum: 0)])
            _ = try writer.commit()
        } catch {
            writer.abandon()
            throw error
        }
    }

    func crash(powerLost: Bool) {
        guard simulation.network.isUp(party) else { return }
        process.pipe?.breakDown()
        simulation.network.stop(party)
        simulation.master.disconnect(party)
        // What ends uploads in memory must not reach the disk.
        disk.strike(.powerLoss, atCall: 1)
        for writer in process.writers.values { writer.abandon() }
        process = Process()
        store = nil
        if powerLost {
            disk.losePower(simulation.dice)
        } else {
            disk.endProcess()
        }
        simulation.trace.note("\(party) \(powerLost ? "loses power" : "is killed")")
    }

    func stop() {
        process.isStopping = true
        process.pipe?.leave()
        crash(powerLost: false)
    }

    /// Runs what touches the disk; a power failure in it ends the node as soon as the current event is over.
    func onDisk<Found>(_ body: (ChunkStore) throws(DFSError) -> Found) -> Result<Found, DFSError> {
        guard let store else { return .failure(DFSError(.unavailable, "\(party) is down")) }
        setCalendar()
        do throws(DFSError) {
            return .success(try body(store))
        } catch {
            if disk.hasLostPower {
                let life = simulation.network.life(of: party)
                simulation.agenda.after(.zero) { [self] in
                    if simulation.network.life(of: party) == life { crash(powerLost: true) }
                }
            }
            return .failure(error)
        }
    }

    private func everySecond() {
        simulation.network.at(party, after: simulation.local(.seconds(1), at: party)) { [self] in
            verifyAdopted()
            scrub()
            keepHouse()
            lookAtHeldDeletions()
            carryOutDeletions()
            reviewPrimaries()
            everySecond()
        }
    }

    // MARK: For checks

    func copy(of chunk: ChunkID) -> [UInt8]? { disk.contents(of: "\(Self.root)/\(chunk.text)") }

    var chunks: [ChunkID] {
        disk.files.compactMap { path in
            guard path.hasPrefix("\(Self.root)/") else { return nil }
            let rest = path.dropFirst(Self.root.count + 1)
            if !rest.contains("/") { return try? ChunkID(String(rest)) }
            return rest.hasPrefix(".dfs/open/") ? try? ChunkID(String(rest.dropFirst(10))) : nil
        }
    }

    func hasOrderToDelete(_ chunk: ChunkID) -> Bool {
        process.deletions[chunk] != nil || process.held[chunk] != nil || process.deleting.contains(chunk)
    }

    func flipBit(of chunk: ChunkID, _ dice: Dice) { disk.flipBit(of: "\(Self.root)/\(chunk.text)", dice) }

    func spoil(_ chunk: ChunkID) { disk.makeUnreadable("\(Self.root)/\(chunk.text)") }

    func keepsThroughPowerLoss(_ chunk: ChunkID) -> Bool { disk.isDurable("\(Self.root)/\(chunk.text)") }

    func fail(_ fault: Fault) {
        let dice = simulation.dice
        let call = dice.number(1...30)
        switch fault {
        case .diskError: disk.strike(.failOnce, atCall: call)
        case .diskFull where dice.chance(500): disk.strike(.fullOnce, atCall: call)
        case .diskFull:
            disk.strike(.full(calls: dice.number(50...2000)), atCall: call)
            simulation.network.at(party, after: dice.milliseconds(1000...20_000)) { [self] in disk.makeRoom() }
        default: disk.strike(.powerLoss, atCall: call)
        }
    }

    func mendDisk() { disk.endProcess() }
}

/// The calendar of a store, which asks from any thread.
private final class SharedSeconds: Sendable {
    let value = Atomic<Int>(0)
}
