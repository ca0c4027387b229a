import DFSCore
import DFSServices
import Logging

/// Puts one chunk onto its servers, and onto others where some fail.
struct ChunkPut: Sendable {
    let context: ClientContext
    let master: MasterClient
    let source: any ChunkSource
    let upload: FileUpload
    let index: Int
    /// Where the chunk stands in ``source``.
    let offset: Int
    /// Bytes in the chunk.
    let length: Int
    let options: PutOptions
    let progress: ProgressMeter

    /// What is known of the chunk so far.
    private struct Standing {
        var allocation: ChunkAllocation
        var acknowledged: [ServerAddress: ChunkAcknowledgement] = [:]
        var excluded: [ServerAddress] = []
        var crc32c: UInt32?
        var lastError: DFSError?

        /// The assigned servers that have not acknowledged.
        var missing: [ServerAddress] { allocation.servers.filter { acknowledged[$0] == nil } }
        var heldBy: [ServerAddress] { allocation.servers.filter { acknowledged[$0] != nil } }
    }

    /// Returns when enough of the assigned servers have acknowledged.
    func run(_ allocation: ChunkAllocation) async throws -> WrittenChunk {
        var standing = Standing(allocation: allocation)
        for attempt in 1...max(1, context.configuration.maxAttempts) {
            if attempt > 1 { try await reallocate(&standing, attempt) }
            try await send(&standing)
            let wanted = min(options.requiredReplicas ?? .max, standing.allocation.servers.count)
            if standing.heldBy.count >= max(1, wanted), let crc32c = standing.crc32c {
                return WrittenChunk(
                    chunkID: standing.allocation.chunkID, length: length, crc32c: crc32c,
                    durable: standing.heldBy.filter { standing.acknowledged[$0] == .durable },
                    unverified: standing.heldBy.filter { standing.acknowledged[$0] == .syncedUnverified })
            }
        }
        throw standing.lastError ?? DFSError(.unavailable, "chunk \(standing.allocation.chunkID) found no server")
    }

    /// Asks a Swift master for servers in place of those that failed; a Go master has no second answer, and neither has a
    /// cluster without other servers: then the same servers are asked again, after a pause.
    private func reallocate(_ standing: inout Standing, _ attempt: Int) async throws {
        let id = standing.allocation.chunkID
        context.logger.warning(
            "a replica failed; trying again",
            metadata: [
                "chunk": "\(id)", "servers": "\(standing.missing)", "error": "\(standing.lastError?.message ?? "")",
            ])
        guard upload.id != nil else {
            try await Task.sleep(for: .seconds(attempt))
            return
        }
        standing.excluded += standing.missing.filter { !standing.excluded.contains($0) }
        if let replacement = try await replacement(excluding: standing.excluded) {
            standing.allocation = replacement
        } else {
            try await Task.sleep(for: .seconds(attempt))
            standing.excluded = []
            standing.allocation = try await master.allocate(upload, index: index)
        }
        // Another id is another chunk: nobody holds it yet.
        if standing.allocation.chunkID != id { standing.acknowledged = [:] }
    }

    /// Servers without those that failed; `nil` where the cluster has not enough others.
    private func replacement(excluding servers: [ServerAddress]) async throws -> ChunkAllocation? {
        do {
            return try await master.allocate(upload, index: index, excluding: servers)
        } catch {
            guard error.code == .resourceExhausted else { throw error }
            return nil
        }
    }

    /// Sends the chunk to all servers that lack it, at once.
    ///
    /// - Throws: what went wrong on this side; a server's failure only leaves it unacknowledged.
    private func send(_ standing: inout Standing) async throws {
        let servers = standing.missing
        if servers.isEmpty { return }
        let share = context.configuration.maxBuffers / max(1, context.configuration.chunksInFlight)
        let feed = ChunkFeed(consumerCount: servers.count, capacity: share)
        let request = ChunkUploadRequest(chunkID: standing.allocation.chunkID, length: length)
        let (outcomes, crc32c) = try await withTaskCancellationHandler {
            async let reading = read(into: feed)
            let outcomes = await sendToAll(servers, request, feed)
            return (outcomes, try await reading)
        } onCancel: {
            feed.fail(DFSError(.cancelled, "the put was cancelled"))
        }
        try Task.checkCancellation()
        for (server, outcome) in outcomes {
            switch outcome {
            case .success(let acknowledgement): standing.acknowledged[server] = acknowledgement
            case .failure(let error): standing.lastError = error
            }
        }
        guard let crc32c else { return }
        if let before = standing.crc32c, before != crc32c {
            throw DFSError(.failedPrecondition, "\(source.path) changed while it was read; put it again")
        }
        standing.crc32c = crc32c
    }

    /// Reads the chunk into the feed.
    ///
    /// - Returns: the chunk's CRC-32C; `nil` where nobody wanted all of it.
    private func read(into feed: ChunkFeed) async throws -> UInt32? {
        var sum = RunningSum()
        do {
            while sum.byteCount < length {
                guard await feed.waitForRoom() else { return nil }
                let before = sum
                sum = try await context.onFileThread { try fill(feed, after: before) }
            }
        } catch {
            let error = DFSError(error, from: source.path)
            feed.fail(error)
            throw error
        }
        feed.finish()
        return sum.crc32c
    }

    /// The start of the chunk that has been read.
    private struct RunningSum: Sendable {
        var byteCount = 0
        var crc32c: UInt32 = 0
    }

    /// Reads on until the feed is full or the chunk is whole. Blocks.
    private func fill(_ feed: ChunkFeed, after start: RunningSum) throws(DFSError) -> RunningSum {
        var sum = start
        while sum.byteCount < length, feed.hasRoom {
            let count = min(context.bufferSize, length - sum.byteCount)
            let piece = try source.read(count, at: offset + sum.byteCount)
            sum.crc32c = CRC32C.combined(sum.crc32c, piece.crc32c, secondByteCount: count)
            sum.byteCount += count
            feed.push(piece)
            progress.chunk(index, at: sum.byteCount)
        }
        return sum
    }

    private func sendToAll(
        _ servers: [ServerAddress], _ request: ChunkUploadRequest, _ feed: ChunkFeed
    ) async -> [(ServerAddress, Result<ChunkAcknowledgement, DFSError>)] {
        await withTaskGroup(of: (ServerAddress, Result<ChunkAcknowledgement, DFSError>).self) { tasks in
            for (consumer, server) in servers.enumerated() {
                tasks.addTask { (server, await self.send(request, to: server, feed, consumer)) }
            }
            return await tasks.reduce(into: []) { $0.append($1) }
        }
    }

    /// Runs the whole of one replica's call on the event loop of its connection.
    private func send(
        _ request: ChunkUploadRequest, to server: ServerAddress, _ feed: ChunkFeed, _ consumer: Int
    ) async -> Result<ChunkAcknowledgement, DFSError> {
        defer { feed.leave(consumer) }
        do {
            let acknowledgement = try await context.chunkServers.withPeer(server) { peer in
                try await peer.uploadChunk(request, settings: context.transferSettings) { upload in
                    while let piece = try await feed.next(consumer) {
                        try await upload.send(piece.data, crc32c: piece.crc32c)
                    }
                }
            }
            return .success(acknowledgement)
        } catch {
            return .failure(DFSError(error, from: "chunk server \(server)"))
        }
    }
}
