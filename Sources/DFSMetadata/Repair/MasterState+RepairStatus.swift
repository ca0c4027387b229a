import DFSCore

// What operators see of the repair, and what they change.
extension MasterState {
    func repairStatus() -> RepairStatus {
        var status = RepairStatus()
        status.limits = repair.limits
        for risk in Risk.all { status.waiting[risk.liveCopies - 1] += repair.waiting.count(of: risk) }
        status.stuck = repair.waiting.count(in: .aside)
        (status.runningCopies, status.runningBytes) = repair.running
        (status.doneCopies, status.doneBytes) = (repair.progress.copies, repair.progress.bytes)
        status.lateCopies = repair.progress.lateCopies
        let pace = repair.progress.pace(now: now)
        status.bytesPerSecond = UInt64(pace.bytes)
        let left = repair.waiting.count + status.runningCopies
        if left == 0 {
            status.estimatedSeconds = 0
        } else if pace.copies > 0 {
            status.estimatedSeconds = UInt64((Double(left) / pace.copies).rounded(.up))
        }
        status.stormSeconds = losses.storm.map { seconds(now - $0.since) }
        status.lastDetectionMilliseconds = milliseconds(losses.lastDetection)
        status.lastRestorationMilliseconds = milliseconds(losses.lastRestoration)
        (status.surplusWaiting, status.surplusUnread) = (surplus.count, surplus.stuckCount)
        status.lossCount = losses.byServer.count
        status.losses = losses.servers.prefix(RepairStatus.maxLosses).compactMap { server in
            losses.byServer[server].map { loss in
                LossStatus(
                    address: servers[server].address, silentSeconds: seconds(now - loss.lastHeard),
                    chunks: loss.chunkCount, shortChunks: loss.short.count, isAwaited: loss.isAwaited)
            }
        }
        return status
    }

    private func seconds(_ time: Duration) -> UInt64 { UInt64(time.components.seconds) }

    private func milliseconds(_ time: Duration?) -> UInt64 { time.map { UInt64($0 / .milliseconds(1)) } ?? 0 }

    /// Changes the limits until the master ends, and lets copies go on.
    mutating func changeRepair(_ change: RepairChange) throws(DFSError) -> Answer {
        let limits = try repair.limits.changed(by: change)
        if limits != repair.limits {
            repair.limits = limits
            effects.append(.log(.repairLimitsSet(limits)))
        }
        if change.goesOn { giveUpLostServers() }
        return .repair(repairStatus())
    }
}
