import DFSCore
import DFSServices
import DFSWire

/// The cluster in numbers.
public struct ClusterReport: Sendable, Equatable {
    /// Complete ones, those in the trash among them.
    public let files: Int
    /// Files that are being written.
    public let openFiles: Int
    /// Of all files.
    public let chunks: Int
    /// Whether the master waits for its chunk servers, and changes nothing.
    public let isInSafeMode: Bool
    /// Chunks of which no server has told since the master started.
    public let unheardChunks: Int
    /// Chunks of complete files with too few copies, but some.
    public let underChunks: Int
    /// With too many.
    public let overChunks: Int
    /// With none on a live server.
    public let missingChunks: Int
    /// Of which a copy was found damaged that has not been made again.
    public let corruptChunks: Int
    /// Chunks that wait for repair, those that could not be helped so far among them.
    public let repairQueue: Int
    /// Those of ``repairQueue`` that could not be helped when they were looked at last.
    public let stuckRepairs: Int
    /// Chunks with a copy under way.
    public let copyingChunks: Int
    /// Removals that can be restored, or are being deleted for good.
    public let trashEntries: Int
    /// Chunks in the servers' newest lists that no file has.
    public let orphans: Int
    /// How far evening out the servers' use has come.
    public let balance: BalanceProgress
    /// Chunks with copies too many that wait until those that stay have been read.
    public let surplusWaiting: Int
    /// Those of ``surplusWaiting`` where that has failed again and again: all their copies stay.
    public let surplusUnread: Int

    init(_ report: GetReportResponse) {
        files = Int(clamping: report.completeFiles)
        openFiles = Int(clamping: report.openFiles)
        chunks = Int(clamping: report.chunks)
        isInSafeMode = report.isInSafeMode
        unheardChunks = Int(clamping: report.unheardChunks)
        underChunks = Int(clamping: report.underChunks)
        overChunks = Int(clamping: report.overChunks)
        missingChunks = Int(clamping: report.missingChunks)
        corruptChunks = Int(clamping: report.corruptChunks)
        repairQueue = Int(clamping: report.repairQueue)
        stuckRepairs = Int(clamping: report.stuckRepairs)
        copyingChunks = Int(clamping: report.copyingChunks)
        trashEntries = Int(clamping: report.trashEntries)
        orphans = Int(clamping: report.orphans)
        balance = BalanceProgress(report.balance)
        surplusWaiting = Int(clamping: report.surplusWaiting)
        surplusUnread = Int(clamping: report.surplusUnread)
    }
}

/// How far balancing has come.
public struct BalanceProgress: Sendable, Equatable {
    /// Whether it goes on; moves that were begun are finished after its end, too.
    public let isRunning: Bool
    /// How far a server may be from the mean, in millionths of its room.
    public let thresholdPPM: Int
    /// Moved at most, in the whole cluster.
    public let bytesPerSecond: Int
    /// Chunks under way.
    public let movingChunks: Int
    /// Since it was started.
    public let movedChunks: Int
    /// In ``movedChunks``.
    public let movedBytes: Int
    /// Moves that came to nothing: nothing is lost by that.
    public let failedMoves: Int
    /// At least, until all servers are within the threshold.
    public let bytesToMove: Int
    /// What it waits for, or how it ended.
    public let note: String

    init(_ status: BalanceStatus) {
        isRunning = status.isRunning
        thresholdPPM = Int(status.thresholdPPM)
        bytesPerSecond = Int(clamping: status.bytesPerSecond)
        movingChunks = Int(clamping: status.movingChunks)
        movedChunks = Int(clamping: status.movedChunks)
        movedBytes = Int(clamping: status.movedBytes)
        failedMoves = Int(clamping: status.failedMoves)
        bytesToMove = Int(clamping: status.bytesToMove)
        note = status.note
    }
}

extension MasterClient {
    /// As ``DFSClient/report()``.
    func report() async throws -> ClusterReport {
        try await requireSwift("report on its cluster")
        return ClusterReport(try await call(Methods.getReport, GetReportRequest(), as: GetReportResponse.self))
    }

    /// As ``DFSClient/balance(thresholdPPM:bytesPerSecond:)`` and ``DFSClient/stopBalance()``.
    func setBalance(_ request: SetBalanceRequest) async throws -> BalanceProgress {
        try await requireSwift("balance its chunk servers")
        return BalanceProgress(try await call(Methods.setBalance, request, as: SetBalanceResponse.self).status)
    }
}

extension DFSClient {
    /// The cluster in numbers. It costs the master no more than there are chunk servers.
    ///
    /// - Throws: ``DFSError`` of code `unimplemented` under a Go master.
    public func report() async throws -> ClusterReport { try await master.report() }

    /// Has chunks moved from fuller servers to emptier ones until all are within a threshold of the mean; while that goes on,
    /// it changes threshold and rate. It ends by itself, and when the master does.
    ///
    /// - Parameters:
    ///   - thresholdPPM: millionths of a server's room, up to 1,000,000.
    ///   - bytesPerSecond: above 0; moved in the whole cluster at most.
    /// - Throws: ``DFSError`` of code `invalidArgument`, and `unimplemented` under a Go master.
    @discardableResult
    public func balance(thresholdPPM: Int, bytesPerSecond: Int) async throws -> BalanceProgress {
        try await master.setBalance(
            SetBalanceRequest(
                thresholdPPM: UInt32(clamping: thresholdPPM), bytesPerSecond: UInt64(clamping: bytesPerSecond)))
    }

    /// Begins no more moves; those under way are finished.
    ///
    /// - Throws: ``DFSError`` of code `unimplemented` under a Go master.
    @discardableResult
    public func stopBalance() async throws -> BalanceProgress {
        try await master.setBalance(SetBalanceRequest(stops: true))
    }
}
