import DFSMetadata
import DFSServices
import DFSWire
import RPC

/// `dfs.Repair`: how lost copies are made again, and how much of that there may be at a time.
struct RepairService: Sendable {
    let metadata: MetadataManager

    func add(to routes: inout ServiceRoutes) {
        routes.unary(Methods.getRepair) { (_: GetRepairRequest, _) in
            guard case .repair(let status) = try await metadata.read({ .repairStatus($0) }) else {
                throw MismatchedAnswer.error
            }
            return RepairReport(status)
        }
        routes.unary(Methods.setRepairLimits) { (request: SetRepairLimitsRequest, _) in
            var change = RepairChange()
            change.copiesPerSource = request.copiesPerSource
            change.copiesPerTarget = request.copiesPerTarget
            change.copies = request.copies
            change.bytesPerSecondPerSource = request.bytesPerSecondPerSource
            change.bytesPerSecond = request.bytesPerSecond
            change.goesOn = request.goesOn
            let wish = change
            guard case .repair(let status) = try await metadata.ask({ .changeRepair(wish, $0) }) else {
                throw MismatchedAnswer.error
            }
            return RepairReport(status)
        }
    }
}

extension RepairReport {
    fileprivate init(_ status: RepairStatus) {
        self.init(
            limits: DFSWire.RepairLimits(status.limits), waiting: status.waiting.map { UInt64($0) },
            lostServers: status.losses.map { LostServer($0) })
        stuck = UInt64(status.stuck)
        runningCopies = UInt64(status.runningCopies)
        runningBytes = status.runningBytes
        doneCopies = status.doneCopies
        doneBytes = status.doneBytes
        lateCopies = status.lateCopies
        bytesPerSecond = status.bytesPerSecond
        estimatedSeconds = status.estimatedSeconds
        stormSeconds = status.stormSeconds
        lastDetectionMilliseconds = status.lastDetectionMilliseconds
        lastRestorationMilliseconds = status.lastRestorationMilliseconds
        lostServerCount = UInt64(status.lossCount)
    }
}

extension DFSWire.RepairLimits {
    fileprivate init(_ limits: DFSMetadata.RepairLimits) {
        self.init(
            copiesPerSource: UInt32(limits.copiesPerSource), copiesPerTarget: UInt32(limits.copiesPerTarget),
            copies: UInt64(limits.copies), bytesPerSecondPerSource: limits.bytesPerSecondPerSource,
            bytesPerSecond: limits.bytesPerSecond)
    }
}

extension LostServer {
    fileprivate init(_ loss: LossStatus) {
        self.init(
            address: loss.address.description, silentSeconds: loss.silentSeconds, chunks: UInt64(loss.chunks),
            shortChunks: UInt64(loss.shortChunks), isAwaited: loss.isAwaited)
    }
}
