import DFSClient
import DFSCommandLine
import DFSCore

/// Shows the cluster: a line for each server, then one for each concern.
struct ReportLines {
    let isJSON: Bool

    func show(_ client: DFSClient) async throws {
        for try await server in client.servers() {
            try StandardOutput.print(isJSON ? JSONText.object(server.reportJSON) : server.reportLine)
        }
        let report = try await client.report()
        if isJSON { return try StandardOutput.print(JSONText.object(report.json)) }
        for line in report.lines { try StandardOutput.print(line) }
    }
}

extension ServerStatus {
    fileprivate var reportLine: String {
        let life = isAlive ? "alive" : "silent"
        let room = "\(usedBytes) used \(freeBytes) free"
        let tasks = "\(copiesOut) out \(copiesIn) in \(deletions) deletions"
        return "server \(address) \(kind.rawValue) \(life) \(duty.rawValue) \(room), \(chunkCount) chunks, \(tasks), "
            + "heard of \(silentSeconds) s ago, at \(location)"
    }

    fileprivate var reportJSON: [(String, JSONText)] {
        [
            ("address", .text(address)), ("kind", .text(kind.rawValue)), ("nodeID", .text(nodeID)),
            ("location", .text(location)), ("isAlive", .flag(isAlive)), ("state", .text(duty.rawValue)),
            ("usedBytes", .number(usedBytes)), ("freeBytes", .number(freeBytes)), ("chunks", .number(chunkCount)),
            ("orphans", .number(orphanCount)), ("copiesOut", .number(copiesOut)), ("copiesIn", .number(copiesIn)),
            ("deletions", .number(deletions)), ("lastHeardAt", .number(lastHeardAt)),
            ("silentSeconds", .number(silentSeconds)),
        ]
    }
}

extension ClusterReport {
    fileprivate var lines: [String] {
        [
            "files \(files) complete, \(openFiles) open",
            "chunks \(chunks): \(underChunks) under-replicated, \(overChunks) over-replicated, \(missingChunks) missing, "
                + "\(corruptChunks) corrupt",
            "repair \(repairQueue) waiting, \(stuckRepairs) of them stuck, \(copyingChunks) being copied",
            "surplus \(surplusWaiting) wait until the copies that stay have been read, \(surplusUnread) of them where one "
                + "cannot be read",
            "trash \(trashEntries), orphans \(orphans)",
            balance.line,
            "safe mode \(isInSafeMode ? "on" : "off"), \(unheardChunks) chunks unheard of",
        ]
    }

    fileprivate var json: [(String, JSONText)] {
        [
            ("files", .number(files)), ("openFiles", .number(openFiles)), ("chunks", .number(chunks)),
            ("underChunks", .number(underChunks)), ("overChunks", .number(overChunks)),
            ("missingChunks", .number(missingChunks)), ("corruptChunks", .number(corruptChunks)),
            ("repairQueue", .number(repairQueue)), ("stuckRepairs", .number(stuckRepairs)),
            ("copyingChunks", .number(copyingChunks)), ("surplusWaiting", .number(surplusWaiting)),
            ("surplusUnread", .number(surplusUnread)),
            ("trashEntries", .number(trashEntries)),
            ("orphans", .number(orphans)), ("isInSafeMode", .flag(isInSafeMode)),
            ("unheardChunks", .number(unheardChunks)), ("balance", .members(balance.json)),
        ]
    }
}

extension BalanceProgress {
    /// One line, for people.
    var line: String {
        let state = isRunning ? "running" : "off"
        let goal =
            isRunning
            ? " to within \(Percentage(partsPerMillion: thresholdPPM)) % at \(ByteCount(bytes: bytesPerSecond)) a second, "
                + "\(bytesToMove) bytes to go" : ""
        return "balance \(state)\(goal): \(movingChunks) moving, \(movedChunks) moved (\(movedBytes) bytes), "
            + "\(failedMoves) failed" + (note.isEmpty ? "" : "; \(note)")
    }

    var json: [(String, JSONText)] {
        [
            ("isRunning", .flag(isRunning)), ("thresholdPPM", .number(thresholdPPM)),
            ("bytesPerSecond", .number(bytesPerSecond)), ("moving", .number(movingChunks)),
            ("moved", .number(movedChunks)), ("movedBytes", .number(movedBytes)), ("failed", .number(failedMoves)),
            ("bytesToMove", .number(bytesToMove)), ("note", .text(note)),
        ]
    }
}
