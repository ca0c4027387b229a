import DFSCore
import DFSFiles
import NIOCore
import Synchronization

/// The chunks in one folder. A chunk is visible whole or not at all, and a crash at any point leaves at most a
/// temporary file, which the next start removes.
///
/// Calls block on the disk unless they say otherwise; any number of threads may call.
package final class ChunkStore: Sendable {
    /// What decides how a store behaves.
    package struct Settings: Sendable {
        /// How long a deleted chunk is kept in quarantine.
        package var quarantineKeep: Duration = .seconds(24 * 3600)
        /// Room to reserve for an upload that does not say its length.
        package var usualChunkSize = Int64(ClusterDefaults.chunkSize)
        /// Open chunks that were begun since the start and are not sealed or deleted; one more is refused. Those that are
        /// known by a fence only, or wait to be sealed since the last run, do not count.
        package var maxOpenChunks = 256

        package init() {}
    }

    struct State {
        var catalog = ChunkCatalog()
        var reservations = SpaceReservations()
        var spare = SpareChunks()
        var reclaimed = Reclaimed()
        var nextUpload: UInt64 = 1
        var open: [ChunkID: UnsealedChunk] = [:]
        /// How many of them have room of their own.
        var begunCount = 0
        /// Never to be open here again; see ``ChunkStore/neverOpenAgain(_:)``.
        var closed = RecentSet<ChunkID>(limit: ChunkStore.maxClosedCount)
        /// The same for what was here whole: by themselves, since ordinary deletions are far more.
        var closedWhole = RecentSet<ChunkID>(limit: ChunkStore.maxClosedCount)
        /// Chunks that are open no more, since they came whole, and whose open files are to be removed still: as long as one is there, none
        /// is opened again, and a start without the whole chunk would take it up.
        var leftOpen: Set<ChunkID> = []
        /// Damaged chunks that are out of service, and whose files could not be moved to quarantine.
        var unmoved: Set<ChunkID> = []
        /// Rises before a file that is in no list loses its name as a damaged one: it may be that of an upload that waits for a sync.
        var displacements: UInt64 = 0
        /// Chunks whose files the start found that this process may not read. They stay until an operator has changed that, or
        /// a good copy comes in their place.
        var forbidden: Set<ChunkID> = []

        /// Whether a file that is not to be taken for the chunk has its name.
        func isInTheWay(_ id: ChunkID) -> Bool { unmoved.contains(id) || forbidden.contains(id) }

        /// It has the name no longer.
        mutating func clearTheWay(of id: ChunkID) {
            unmoved.remove(id)
            forbidden.remove(id)
        }
    }

    /// Closed chunks of either kind that are remembered: far more than calls can be late for.
    static let maxClosedCount = 4096
    /// Damaged chunks that are moved to quarantine later; the others of a disk that is so bad stay where they are until a restart.
    static let maxUnmovedCount = 1000

    let files: any FileSystem
    let layout: StoreLayout
    /// The folder of what is no chunk.
    package var ownFolder: String { layout.own }
    let settings: Settings
    let wallClock: @Sendable () -> Int64
    let state = Mutex(State())
    // Held during disk calls on purpose, but only where a file is in the way of another: what was read is what is moved.
    let naming = Mutex(())
    private let lock: FileLock

    /// Who this node is: made when the folder is first used and kept in it.
    package let nodeID: String
    /// What opening the folder found.
    package let startReport: StartReport

    /// Opens the folder `root`, made where missing, for this process alone: removes what unfinished uploads left and
    /// learns what chunks there are. Single files that cannot be read are not listed and keep no other from it.
    ///
    /// - Parameters:
    ///   - wallClock: seconds since 1970; only the age of quarantined files is judged by it, since that outlives
    ///     processes.
    ///   - newNodeID: used if the folder has no node id yet.
    /// - Throws: code ``DFSError/Code/failedPrecondition`` when another server has the folder; what keeps many files in it from
    ///   being read.
    package init(
        root: String, files: any FileSystem, settings: Settings = Settings(),
        wallClock: @escaping @Sendable () -> Int64,
        newNodeID: String
    ) throws(DFSError) {
        self.files = files
        self.settings = settings
        self.wallClock = wallClock
        layout = StoreLayout(root: root)
        try files.makeFolder(layout.temporaries)
        try files.makeFolder(layout.quarantine)
        try files.makeFolder(layout.open)
        try files.makeFolder(layout.tables)
        guard let lock = try files.lock(layout.lock) else {
            throw DFSError(
                .failedPrecondition, "another chunk server uses the folder \(root); stop it, or choose another -dir")
        }
        self.lock = lock
        nodeID = try Self.keptNodeID(files, layout, new: newNodeID)
        // A name that the last run gave may not be durable yet; what is found from here on is told to others.
        try files.syncFolder(layout.root)
        try files.syncFolder(layout.open)
        var report = StartReport()
        let firstUpload = try Self.removeTemporaries(files, layout, &report)
        let open = try Self.scanOpen(files, layout, &report)
        let found = try Self.scan(files, layout, &report)
        try Self.refuseIfBroken(report, root)
        Self.removeStrayTables(files, layout, keeping: Set(found.map(\.0) + report.unreadable.map(\.id)), &report)
        let spare = Self.findSpare(files, layout, &report)
        let damaged = Self.findDamaged(files, layout, &report)
        startReport = report
        state.withLock { state in
            for (id, stored) in found { state.catalog.store(id, stored) }
            state.spare = spare
            state.leftOpen = Set(report.leftOpen)
            // Nobody is to be told that they were never here.
            for id in damaged { state.closedWhole.insert(id) }
            state.nextUpload = firstUpload
            for (id, error) in report.unreadable.map({ ($0.id, $0.error) }) {
                if error.code == .dataLoss { state.unmoved.insert(id) } else { state.forbidden.insert(id) }
            }
        }
        for (id, journal) in open { takeUp(id, journal) }
        for id in report.damagedSeals { putDamagedSealAside(id) }
        // What is here whole after all needs no open one; its file is looked at again at the next start.
        let whole = Set(found.map(\.0))
        for unreadable in report.openUnreadable where !whole.contains(unreadable.id) { takeUp(unreadable.id, nil) }
    }

    /// How many files of chunks are there that are served to nobody, since they are damaged or cannot be read, and are not in
    /// quarantine.
    package var unservedCount: Int { state.withLock { $0.unmoved.count + $0.forbidden.count } + openUnreadableCount }

    private var openUnreadableCount: Int { startReport.openUnreadable.count { unsealed($0.id) != nil } }

    /// What the catalog says, without touching the disk.
    package func withCatalog<Result: Sendable>(_ body: (ChunkCatalog) -> Result) -> Result {
        state.withLock { body($0.catalog) }
    }

    /// All chunks that have files now; what changes from now on is noted for ``takeChanges(limit:)``, until ``unfollow()``. Costs
    /// a pass over all chunks.
    package func follow() -> [(id: ChunkID, stored: ChunkCatalog.Stored)] {
        state.withLock { $0.catalog.follow() }
    }

    /// See ``ChunkCatalog/takeChanges(limit:)``.
    package func takeChanges(limit: Int) -> [ChunkCatalog.Change] {
        state.withLock { $0.catalog.takeChanges(limit: limit) }
    }

    /// Changes are noted no longer.
    package func unfollow() { state.withLock { $0.catalog.unfollow() } }

    /// Has the disk itself read something, past the page cache where that can be; for those who want to know whether it answers. That
    /// it fails is no matter here. Blocks.
    package func probe() {
        guard let file = try? files.open("\(layout.own)/\(layout.nodeIDName)", .reading) else { return }
        if !file.beginDirectReads() { file.forgetCached() }
        _ = try? file.read(into: BlockBuffer(), at: 0)
    }

    /// MiB that new chunks find room in: what the file system has free and what quarantined chunks would give back,
    /// less what uploads under way are expected to take.
    package func freeMiB() throws(DFSError) -> Int64 {
        let free = try files.freeBytes(at: layout.root)
        return state.withLock { state in
            let (sum, overflow) = free.addingReportingOverflow(state.spare.total)
            return max(0, (overflow ? .max : sum) - state.reservations.total) >> 20
        }
    }
}
