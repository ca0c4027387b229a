import DFSCore
import DFSMetadata
import DFSServices
import DFSWire
import RPC

/// `dfs.Admin`: what operators want of the cluster, and the cluster in numbers.
struct AdminService: Sendable {
    let metadata: MetadataManager

    func add(to routes: inout ServiceRoutes) {
        routes.unary(Methods.setServerState) { (request: SetServerStateRequest, _) in
            let wish = try AdminRequest(request)
            guard case .adminState(let standing) = try await metadata.ask({ .setAdminState(wish, $0) }) else {
                throw MismatchedAnswer.error
            }
            return SetServerStateResponse(state: ServerState(standing))
        }
        routes.unary(Methods.getServerState) { (request: GetServerStateRequest, _) in
            let server = try ServerAddress(request.server)
            guard case .adminState(let standing) = try await metadata.read({ .adminState(server, $0) }) else {
                throw MismatchedAnswer.error
            }
            return GetServerStateResponse(state: ServerState(standing))
        }
        routes.unary(Methods.getReport) { (_: GetReportRequest, _) in
            guard case .summary(let summary) = try await metadata.read({ .summary($0) }) else {
                throw MismatchedAnswer.error
            }
            return GetReportResponse(summary)
        }
        routes.unary(Methods.setBalance) { (request: SetBalanceRequest, _) in
            let order =
                request.stops
                ? nil : BalanceOrder(thresholdPPM: request.thresholdPPM, bytesPerSecond: request.bytesPerSecond)
            guard case .balance(let standing) = try await metadata.ask({ .setBalance(order, $0) }) else {
                throw MismatchedAnswer.error
            }
            return SetBalanceResponse(status: BalanceStatus(standing))
        }
    }
}

extension AdminRequest {
    fileprivate init(_ request: SetServerStateRequest) throws(DFSError) {
        let states: [String: AdminState] = [
            "normal": .normal, "decommissioning": .decommissioning, "maintenance": .maintenance,
        ]
        guard let state = states[request.state] else {
            throw DFSError(
                .invalidArgument,
                "\(quoted(request.state)) is no state to give a chunk server; give normal, decommissioning or maintenance"
            )
        }
        self.init(
            server: try ServerAddress(request.server), state: state,
            time: .seconds(Int64(clamping: min(request.seconds, 1 << 40))))
    }
}

extension ServerState {
    fileprivate init(_ standing: AdminStanding) {
        self.init(
            server: standing.server.description, state: standing.state.name, isReady: standing.isReady,
            secondsLeft: standing.secondsLeft, blockingCount: UInt64(standing.blockingCount),
            examples: standing.examples.map { chunk in
                DFSWire.BlockingChunk(
                    chunkID: chunk.id.text, path: chunk.path, copies: UInt32(clamping: chunk.copies),
                    wanted: UInt32(clamping: chunk.wanted))
            }, reason: standing.reason)
    }
}

extension GetReportResponse {
    fileprivate init(_ summary: ClusterSummary) {
        self.init()
        completeFiles = UInt64(clamping: summary.completeFiles)
        openFiles = UInt64(clamping: summary.openFiles)
        chunks = UInt64(clamping: summary.chunks)
        isInSafeMode = summary.isInSafeMode
        unheardChunks = UInt64(clamping: summary.unheardChunks)
        underChunks = UInt64(clamping: summary.underChunks)
        overChunks = UInt64(clamping: summary.overChunks)
        missingChunks = UInt64(clamping: summary.missingChunks)
        corruptChunks = UInt64(clamping: summary.damagedChunks)
        repairQueue = UInt64(clamping: summary.repairQueue)
        stuckRepairs = UInt64(clamping: summary.stuckRepairs)
        copyingChunks = UInt64(clamping: summary.chunksBeingCopied)
        trashEntries = UInt64(clamping: summary.trashEntries)
        orphans = summary.servers.reduce(0) { $0 + UInt64(clamping: $1.orphanCount) }
        balance = BalanceStatus(summary.balance)
        surplusWaiting = UInt64(clamping: summary.repair.surplusWaiting)
        surplusUnread = UInt64(clamping: summary.repair.surplusUnread)
    }
}

extension BalanceStatus {
    fileprivate init(_ standing: BalanceStanding) {
        self.init()
        isRunning = standing.order != nil
        thresholdPPM = standing.order?.thresholdPPM ?? 0
        bytesPerSecond = standing.order?.bytesPerSecond ?? 0
        movingChunks = UInt64(clamping: standing.moving)
        movedChunks = UInt64(clamping: standing.movedChunks)
        movedBytes = standing.movedBytes
        failedMoves = UInt64(clamping: standing.failedMoves)
        bytesToMove = standing.bytesToMove
        note = standing.note
    }
}
