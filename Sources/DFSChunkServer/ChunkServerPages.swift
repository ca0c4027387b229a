import DFSChunkStore
import Monitoring

/// What a chunk server shows to who watches it.
struct ChunkServerPages: Sendable {
    let session: MasterSession
    let disk: DiskWatch
    let chainPeers: ChainPeers
    /// `nil` where none are lent.
    let lentFiles: LentFiles?
    let calls: CallMetrics?

    var pages: StatusPages { StatusPages(metrics: metrics, obstacle: { obstacle() }) }

    private func obstacle() -> String? {
        if session.isStopping || session.tasks.isStopping { return "the chunk server is stopping" }
        if disk.isSilent { return "the disk has not answered for \(disk.silence.components.seconds) s" }
        return session.hasMaster ? nil : "the chunk server has no session with its master \(session.peer.address)"
    }

    private func metrics() async -> MetricsText {
        var metrics = MetricsText()
        metrics.flag("dfs_chunkserver_master_session", "Whether a session with the master stands.", session.hasMaster)
        let store = session.store
        let counts = store.withCatalog { $0.counts }
        metrics.begin("dfs_chunkserver_chunks", .gauge, "Chunks in the folder, by whether their digest is known.")
        metrics.add(counts.complete, [("state", "complete")])
        metrics.add(counts.unverified, [("state", "unverified")])
        metrics.single("dfs_chunkserver_chunk_bytes", .gauge, "Bytes of those chunks.", counts.bytes)
        metrics.single("dfs_chunkserver_uploads", .gauge, "Uploads under way.", counts.uploads)
        if let freeMiB = try? await disk.freeMiB() {
            metrics.single(
                "dfs_chunkserver_free_bytes", .gauge, "Room for new chunks, as the master is told.", freeMiB << 20)
        }
        metrics.single(
            "dfs_chunkserver_unserved_files", .gauge,
            "Files of chunks in the folder that are damaged or cannot be read, and not in quarantine.",
            store.unservedCount)
        metrics.single(
            "dfs_chunkserver_disk_silent_seconds", .gauge, "For how long the disk has not answered.",
            Int64(disk.silence.components.seconds))
        let reports = session.state.withLock { ($0.fullReports, $0.differences) }
        metrics.begin(
            "dfs_chunkserver_reports_total", .counter, "Reports to masters that take differences, by kind.")
        metrics.add(reports.0, [("kind", "full")])
        metrics.add(reports.1, [("kind", "difference")])
        let tasks = session.tasks.counts
        metrics.single(
            "dfs_chunkserver_copies_waiting", .gauge, "Copies that were ordered and not begun.", tasks.copies)
        metrics.single(
            "dfs_chunkserver_deletions_waiting", .gauge, "Deletions that were ordered and not done.", tasks.deletions)
        metrics.single(
            "dfs_chunkserver_deletions_held", .gauge, "Deletions that are held for an operator: too many at once.",
            tasks.held)
        metrics.single(
            "dfs_chunkserver_lent_files_total", .counter, "Files of chunks that readers on this machine have fetched.",
            lentFiles?.fetchedCount ?? 0)
        metrics.single(
            "dfs_chunkserver_slow_servers_total", .counter,
            "Uploads to a next server that were given up since it took too little.", chainPeers.slowServerCount)
        calls?.write(to: &metrics)
        ProcessMetrics.write(to: &metrics)
        return metrics
    }
}
