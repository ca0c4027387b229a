import DFSMetadata
import Monitoring

/// What a master shows to who watches it.
struct MasterPages: Sendable {
    let metadata: MetadataManager
    let calls: CallMetrics?
    let backups: BackupSchedule?
    let isStopping: @Sendable () -> Bool

    var pages: StatusPages { StatusPages(metrics: metrics, obstacle: obstacle) }

    private func summary() async -> ClusterSummary? {
        guard case .summary(let summary) = try? await metadata.read({ .summary($0) }) else { return nil }
        return summary
    }

    private func obstacle() async -> String? {
        if isStopping() { return "the master is stopping" }
        guard let summary = await summary() else { return "the master cannot keep its metadata" }
        guard summary.isInSafeMode else { return nil }
        return "the master is in safe mode: its chunk servers have not told of \(summary.unheardChunks) chunks"
    }

    private func metrics() async -> MetricsText {
        var metrics = MetricsText()
        if let summary = await summary() {
            summary.writeNamespace(to: &metrics)
            summary.writeRepair(to: &metrics)
            summary.writeReports(to: &metrics)
            summary.writeBalance(to: &metrics)
            summary.writeServers(to: &metrics)
        }
        backups?.write(to: &metrics)
        calls?.write(to: &metrics)
        ProcessMetrics.write(to: &metrics)
        return metrics
    }
}

extension BackupSchedule {
    fileprivate func write(to metrics: inout MetricsText) {
        metrics.single(
            "dfs_master_newest_backup_timestamp_seconds", .gauge,
            "When the newest backup in -backup-dir was written, in seconds since 1970; 0 for none.", progress.newestAt)
        metrics.single(
            "dfs_master_backup_interval_seconds", .gauge, "From one backup to the next.",
            Int(interval.nanoseconds / 1_000_000_000))
    }
}

extension ClusterSummary {
    fileprivate func writeNamespace(to metrics: inout MetricsText) {
        metrics.begin("dfs_master_files", .gauge, "Files, by whether they are complete.")
        metrics.add(completeFiles, [("state", "complete")])
        metrics.add(openFiles, [("state", "open")])
        metrics.single("dfs_master_chunks", .gauge, "Chunks of all files.", chunks)
        metrics.single("dfs_master_trash_entries", .gauge, "Removals that the trash holds.", trashEntries)
        metrics.single(
            "dfs_master_tombstones", .gauge, "Deleted files whose chunks may still turn up.", tombstones)
        metrics.flag(
            "dfs_master_safe_mode", "Whether the master waits for its chunk servers and changes nothing.", isInSafeMode)
        metrics.single(
            "dfs_master_unheard_chunks", .gauge,
            "Chunks of complete files of which no server has told since the master started.", unheardChunks)
    }

    fileprivate func writeRepair(to metrics: inout MetricsText) {
        metrics.single(
            "dfs_master_repair_queue_chunks", .gauge,
            "Chunks with too few copies that wait for repair.", repairQueue)
        metrics.single(
            "dfs_master_repair_stuck_chunks", .gauge,
            "Those of the queue that no server could take when they were looked at last.", stuckRepairs)
        metrics.single("dfs_master_repair_copies_chunks", .gauge, "Chunks with a copy under way.", chunksBeingCopied)
        metrics.single(
            "dfs_master_surplus_waiting_chunks", .gauge,
            "Chunks with copies too many that wait until those that stay have been read.", repair.surplusWaiting)
        metrics.single(
            "dfs_master_surplus_unread_chunks", .gauge,
            "Those of them where that has failed again and again, so that all copies stay.", repair.surplusUnread)
        metrics.begin(
            "dfs_master_repair_waiting_chunks", .gauge,
            "Chunks that wait for copies, by how many complete ones live servers hold; 3 is three or more.")
        for (copies, count) in zip(1..., repair.waiting) { metrics.add(count, [("live_copies", "\(copies)")]) }
        metrics.single("dfs_master_repair_copied_chunks_total", .counter, "Copies that arrived.", repair.doneCopies)
        metrics.single("dfs_master_repair_copied_bytes_total", .counter, "Their bytes.", repair.doneBytes)
        metrics.single(
            "dfs_master_repair_late_copies_total", .counter, "Copies that did not arrive in time.", repair.lateCopies)
        if let seconds = repair.estimatedSeconds {
            metrics.single(
                "dfs_master_repair_estimated_seconds", .gauge,
                "Time until no chunk waits for copies, at the pace of the last minute; absent where nothing arrived.",
                seconds)
        }
        metrics.flag(
            "dfs_master_repair_storm", "Whether so many servers are lost at once that next to nothing is copied.",
            repair.stormSeconds != nil)
        metrics.begin(
            "dfs_master_repair_short_chunks", .gauge, "Chunks of a lost server that lack copies since.")
        for loss in repair.losses { metrics.add(loss.shortChunks, [("server", loss.address.description)]) }
        metrics.begin(
            "dfs_master_repair_last_detection_seconds", .gauge,
            "How long the server that was found dead last had been silent; 0 for none.")
        metrics.add(Double(repair.lastDetectionMilliseconds) / 1000)
        metrics.begin(
            "dfs_master_repair_last_restoration_seconds", .gauge,
            "From the last sign of a lost server until its chunks had all copies again; 0 for none.")
        metrics.add(Double(repair.lastRestorationMilliseconds) / 1000)
        metrics.begin(
            "dfs_master_chunk_copies", .gauge, "Chunks of complete files, by what is the matter with their copies.")
        metrics.add(underChunks, [("state", "under")])
        metrics.add(overChunks, [("state", "over")])
        metrics.add(missingChunks, [("state", "missing")])
        metrics.add(damagedChunks, [("state", "corrupt")])
    }

    fileprivate func writeReports(to metrics: inout MetricsText) {
        metrics.begin("dfs_master_reports_total", .counter, "Reports of chunk servers of what they hold, by kind.")
        metrics.add(reports.lists, [("kind", "list")])
        metrics.add(reports.full, [("kind", "full")])
        metrics.add(reports.differences, [("kind", "difference")])
        metrics.single(
            "dfs_master_report_mismatches_total", .counter,
            "Times that a chunk server's digest was not that of what the master knew of it.", reports.mismatches)
    }

    fileprivate func writeBalance(to metrics: inout MetricsText) {
        metrics.flag(
            "dfs_master_balance_running", "Whether chunks are moved to even out how full servers are.",
            balance.order != nil)
        metrics.single("dfs_master_balance_moving_chunks", .gauge, "Chunks that are being moved.", balance.moving)
        metrics.single(
            "dfs_master_balance_moved_chunks", .gauge, "Chunks moved since balancing was started.", balance.movedChunks)
        metrics.single(
            "dfs_master_balance_moved_bytes", .gauge, "Bytes moved since balancing was started.", balance.movedBytes)
        metrics.single(
            "dfs_master_balance_failed_moves", .gauge, "Moves that came to nothing since balancing was started.",
            balance.failedMoves)
        metrics.single(
            "dfs_master_balance_left_bytes", .gauge,
            "Bytes to move, at least, until all servers are within the threshold.",
            balance.bytesToMove)
    }

    fileprivate func writeServers(to metrics: inout MetricsText) {
        let servers = servers.map { ([("server", $0.address.description), ("kind", $0.kind.rawValue)], $0) }
        metrics.begin("dfs_master_server_alive", .gauge, "Whether the chunk server is heard of.")
        for (labels, server) in servers { metrics.add(server.isAlive ? 1 : 0, labels) }
        metrics.begin(
            "dfs_master_server_last_heard_timestamp_seconds", .gauge,
            "When it was heard of last, in seconds since 1970.")
        for (labels, server) in servers { metrics.add(server.lastHeardAt, labels) }
        metrics.begin("dfs_master_server_free_bytes", .gauge, "Its free room, as it told last.")
        for (labels, server) in servers { metrics.add(server.freeBytes, labels) }
        metrics.begin("dfs_master_server_used_bytes", .gauge, "Bytes in its copies of files' chunks.")
        for (labels, server) in servers { metrics.add(server.usedBytes, labels) }
        metrics.begin(
            "dfs_master_server_state", .gauge,
            "What an operator wants of it: 0 normal, 1 decommissioning, 2 decommissioned, 3 maintenance.")
        for (labels, server) in servers { metrics.add(server.adminState.rawValue, labels) }
        metrics.begin("dfs_master_server_chunks", .gauge, "Replicas that the master counts on it.")
        for (labels, server) in servers { metrics.add(server.chunkCount, labels) }
        metrics.begin("dfs_master_server_orphans", .gauge, "Chunks in its newest list that no file has.")
        for (labels, server) in servers { metrics.add(server.orphanCount, labels) }
    }
}
