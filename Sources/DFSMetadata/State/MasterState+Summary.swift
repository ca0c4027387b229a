// What watches the cluster asks for again and again: it costs no more than its servers are many.
extension MasterState {
    func summary() -> ClusterSummary {
        ClusterSummary(
            completeFiles: namespace.fileCount - namespace.openFileCount, openFiles: namespace.openFileCount,
            chunks: chunks.count, isInSafeMode: safeMode.isOn, unheardChunks: safeMode.unheard,
            repairQueue: repair.waiting.count, stuckRepairs: repair.waiting.count(in: .aside), repair: repairStatus(),
            chunksBeingCopied: repair.copyCount, underChunks: healths.under, overChunks: healths.over,
            missingChunks: healths.missing, damagedChunks: healths.damaged, balance: balanceStanding(),
            trashEntries: trash.count, tombstones: tombstones.count, reports: reports,
            servers: servers.all.map { status(of: $0) })
    }
}
