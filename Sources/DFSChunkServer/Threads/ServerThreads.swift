/// The threads of a chunk server that may block on the disk: those who must not wait for the bulk of the work have their own.
struct ServerThreads: Sendable {
    /// Chunks that are read and written whole, and all that nobody waits for.
    let bulk: DiskThreads
    /// What is appended, fences and seals: a batch that waits holds all clients of its chunk up, on all its servers.
    let append: DiskThreads
    /// What heartbeats need.
    let heartbeat: DiskThreads

    init(_ settings: ChunkServerSettings) {
        bulk = DiskThreads(count: settings.diskThreadCount)
        append = DiskThreads(count: settings.appendThreadCount)
        // One asks the disk, which may not answer, and one makes reports of all chunks, which need no disk.
        heartbeat = DiskThreads(count: 2)
    }

    func stop() async {
        for threads in [bulk, append, heartbeat] { await threads.stop() }
    }
}
