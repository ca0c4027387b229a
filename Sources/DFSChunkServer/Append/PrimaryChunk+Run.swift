import DFSChunkStore
import DFSCore
import DFSServices
import DFSWire
import Logging

// From the lease to the end of the chunk.
extension PrimaryChunk {
    /// Serves the chunk to its end, and tells the master that it is given up.
    func run() async {
        var failed: [String] = []
        do {
            let (lease, chunk) = try await start()
            failed = await serve(lease, chunk)
        } catch {
            resources.logger.info("not the primary of a chunk", metadata: ["chunk": "\(id)", "error": "\(error)"])
            stop(DFSError(error, from: "chunk \(id)"))
            return
        }
        resources.logger.info(
            "open chunk given up",
            metadata: [
                "chunk": "\(id)", "version": "\(version)", "reason": "\(end.map { "\($0)" } ?? "")",
                "failed": "\(failed.joined(separator: " "))",
            ])
        resources.leases.end(id, version: version, failed: failed)
        // Who waits for room finds that it is over.
        dropWaiting()
    }

    /// A chunk that was open here before, in this process or an earlier one, is given up instead: what its records were, and
    /// which of them were acknowledged, is not known any more.
    private func start() async throws -> (Lease, UnsealedChunk) {
        let (store, id, version) = (resources.store, id, version)
        let lease = try await resources.leases.acquire(id, version: version)
        do {
            let chunkSize = Int64(clamping: lease.chunkSize)
            let (chunk, isNew) = try await resources.threads.run {
                let (chunk, isNew) = try store.beginOpen(id, version: version, chunkSize: chunkSize)
                return (chunk, isNew)
            }
            guard isNew else { throw over(.unavailable, "it was open here before a restart") }
            let starters = state.withLock { state in
                state.sequence = RecordSequence(chunkSize: chunkSize)
                state.file = chunk
                defer { state.starters = [] }
                return state.starters
            }
            for starter in starters { starter.resume() }
            return (lease, chunk)
        } catch {
            resources.leases.end(id, version: version, failed: [])
            throw error
        }
    }

    /// - Returns: servers that failed.
    private func serve(_ lease: Lease, _ chunk: UnsealedChunk) async -> [String] {
        let links = lease.servers.dropFirst().map { server in
            ReplicaLink(
                server: server, chunk: lease.chunk, chunkSize: Int64(clamping: lease.chunkSize),
                limit: resources.settings.replicaLimit)
        }
        return await withTaskGroup(of: [String]?.self) { group in
            for link in links {
                group.addTask {
                    await link.run(self.resources.peers)
                    return nil
                }
            }
            group.addTask { await self.makeBatches(chunk, links) }
            var failed: [String] = []
            while let ended = await group.next() {
                guard let ended else { continue }
                failed = ended
                for link in links { link.close() }
                // A server that has failed may not answer the farewell.
                if !failed.isEmpty || end != nil { group.cancelAll() }
            }
            return failed
        }
    }

    /// One batch after the other: while one is synced, the next one gathers.
    private func makeBatches(_ chunk: UnsealedChunk, _ links: [ReplicaLink]) async -> [String] {
        while end == nil {
            guard let batch = state.withLock({ $0.over == nil ? $0.sequence?.takeBatch() : nil }) else {
                if let closing = state.withLock({ $0.closing }) {
                    stop(closing)
                } else if await isIdle() {
                    stop(over(.unavailable, "it was idle"))
                }
                continue
            }
            let failed = await bring(batch, to: chunk, links)
            release(batch.byteCount)
            if !failed.isEmpty { return failed }
        }
        return []
    }

    /// Waits for something to do; true where nothing came.
    private func isIdle() async -> Bool {
        let clock = SystemClock()
        let began = clock.now
        await bell.wait(atMost: resources.settings.idleLimit)
        let hasWork = state.withLock { $0.over != nil || $0.closing != nil || $0.sequence?.hasWaiting == true }
        return !hasWork && clock.now - began >= resources.settings.idleLimit
    }

    /// Writes the batch here and on the other servers at once, and commits it when all have synced.
    ///
    /// - Returns: servers that failed; then the chunk is over, as it is after a failure here.
    private func bring(_ batch: RecordBatch, to chunk: UnsealedChunk, _ links: [ReplicaLink]) async -> [String] {
        guard resources.leases.isValid(id, version: version) else {
            stop(over(.unavailable, "this server's lease has run out"))
            return []
        }
        async let own = write(batch, to: chunk)
        let failures = await withTaskGroup(of: (String, DFSError)?.self) { group in
            for link in links {
                group.addTask {
                    do {
                        try await link.deliver(batch)
                        return nil
                    } catch {
                        return (link.server, DFSError(error, from: link.server))
                    }
                }
            }
            return await group.reduce(into: [(String, DFSError)]()) { if let failure = $1 { $0.append(failure) } }
        }
        if let error = await own {
            stop(over(.unavailable, error.message))
        } else if let failure = failures.first {
            stop(over(.unavailable, "\(failure.0) has failed: \(failure.1.message)"))
        } else {
            commit(batch)
        }
        return failures.map(\.0)
    }

    private func write(_ batch: RecordBatch, to chunk: UnsealedChunk) async -> DFSError? {
        let version = version
        do {
            _ = try await resources.threads.run {
                try chunk.append(batch.data, crc32c: batch.crc32c, at: batch.offset, version: version)
            }
            return nil
        } catch {
            return DFSError(error, from: "the disk")
        }
    }

    private func dropWaiting() {
        while let batch = state.withLock({ $0.sequence?.takeBatch() }) { release(batch.byteCount) }
    }
}
