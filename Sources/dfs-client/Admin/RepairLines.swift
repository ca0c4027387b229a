import DFSClient
import DFSCommandLine
import DFSCore

/// Shows how lost copies are made again: limits, what waits, what moves, and the servers that are lost.
struct RepairLines {
    let isJSON: Bool

    /// - Parameter change: carried out before.
    func show(_ client: DFSClient, _ change: RepairChange?) async throws {
        let status: RepairStatus
        if let change { status = try await client.changeRepair(change) } else { status = try await client.repair() }
        if isJSON { return try StandardOutput.print(JSONText.object(status.json)) }
        for line in status.lines { try StandardOutput.print(line) }
    }
}

extension RepairStatus {
    fileprivate var lines: [String] {
        var lines = [
            "limits: \(limits.copiesPerSource) copies a source, \(limits.copiesPerTarget) a target, "
                + "\(limit(limits.copies)) in the cluster; \(rate(limits.bytesPerSecondPerSource)) a source, "
                + "\(rate(limits.bytesPerSecond)) in the cluster",
            "waiting: \(waitingChunks.reduce(0, +)) chunks, \(waitingChunks[0]) with one live copy, "
                + "\(waitingChunks[1]) with two, \(waitingChunks[2]) with more; \(stuckChunks) that no server could take",
            "under way: \(runningCopies) copies, \(runningBytes) bytes; \(bytesPerSecond) bytes a second, \(estimate)",
            "done: \(doneCopies) copies, \(doneBytes) bytes, \(lateCopies) that were late",
        ]
        if lastDetectionSeconds > 0 {
            lines.append("the last server that was lost was found dead after \(lastDetectionSeconds) s")
        }
        if lastRestorationSeconds > 0 {
            lines.append("the last one to be restored had all its copies again after \(lastRestorationSeconds) s")
        }
        if let stormSeconds {
            lines.append(
                "STORM for \(stormSeconds) s: too many servers are lost at once; only chunks with one live copy are copied, "
                    + "one at a time from each server. Start the servers, or end it by -go-on")
        }
        lines += lostServers.map { server in
            "lost: \(server.address), silent for \(server.silentSeconds) s, \(server.shortChunkCount) of "
                + "\(server.chunkCount) chunks lack copies" + (server.isAwaited ? ", awaited" : "")
        }
        let more = lostServerCount - lostServers.count
        if more > 0 { lines.append("lost: \(more) more servers") }
        return lines
    }

    private var estimate: String { estimatedSeconds.map { "\($0) s left" } ?? "no end in sight" }

    private func limit(_ count: Int) -> String { count == 0 ? "any number" : "\(count)" }

    private func rate(_ bytes: Int) -> String { bytes == 0 ? "any rate" : "\(ByteCount(bytes: bytes))/s" }

    fileprivate var json: [(String, JSONText)] {
        var members: [(String, JSONText)] = [
            ("copiesPerSource", .number(limits.copiesPerSource)), ("copiesPerTarget", .number(limits.copiesPerTarget)),
            ("copies", .number(limits.copies)), ("bytesPerSecondPerSource", .number(limits.bytesPerSecondPerSource)),
            ("maxBytesPerSecond", .number(limits.bytesPerSecond)),
            ("waiting", .list(waitingChunks.map { .number($0) })),
            ("stuck", .number(stuckChunks)), ("runningCopies", .number(runningCopies)),
            ("runningBytes", .number(runningBytes)), ("doneCopies", .number(doneCopies)),
            ("doneBytes", .number(doneBytes)), ("lateCopies", .number(lateCopies)),
            ("bytesPerSecond", .number(bytesPerSecond)), ("isStorm", .flag(stormSeconds != nil)),
            ("lastDetectionMilliseconds", .number(Int(lastDetectionSeconds * 1000))),
            ("lastRestorationMilliseconds", .number(Int(lastRestorationSeconds * 1000))),
            ("lostServerCount", .number(lostServerCount)),
            (
                "lostServers",
                .list(
                    lostServers.map { server in
                        .members([
                            ("address", .text(server.address)), ("silentSeconds", .number(server.silentSeconds)),
                            ("chunks", .number(server.chunkCount)), ("shortChunks", .number(server.shortChunkCount)),
                            ("isAwaited", .flag(server.isAwaited)),
                        ])
                    })
            ),
        ]
        if let estimatedSeconds { members.append(("estimatedSeconds", .number(estimatedSeconds))) }
        if let stormSeconds { members.append(("stormSeconds", .number(stormSeconds))) }
        return members
    }
}
