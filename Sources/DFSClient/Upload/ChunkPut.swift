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

    private typealias Feed = ChunkFeed<LocalSource.Piece>

    /// What is known of the chunk so far.
    fileprivate struct Standing {
        var allocation: ChunkAllocation
        var acknowledged: [ServerAddress: ChunkAcknowledgement] = [:]
        /// Servers that failed since the last allocation.
        var failed: Set<ServerAddress> = []
        var excluded: [ServerAddress] = []
        /// Whether a server that takes the chunk brings it to the others.
        var isForwarded: Bool
        var crc32c: UInt32?
        var lastError: DFSError?

        /// The assigned servers that have not acknowledged.
        var missing: [ServerAddress] { allocation.servers.filter { acknowledged[$0] == nil } }
        var untried: [ServerAddress] { missing.filter { !failed.contains($0) } }
        var heldBy: [ServerAddress] { allocation.servers.filter { acknowledged[$0] != nil } }
    }

    /// Returns when enough of the assigned servers have acknowledged.
    ///
    /// - Parameter known: what an earlier put has stored of the chunk.
    func run(_ allocation: ChunkAllocation, known: WrittenChunk? = nil) async throws -> WrittenChunk {
        // Chunk servers speak plaintext to each other, and a client that speaks TLS has said that it wants none of that.
        let isForwarded = options.forwardsChunks && context.configuration.tls == nil
        var standing = Standing(allocation: allocation, isForwarded: isForwarded)
        if let known, known.chunkID == allocation.chunkID {
            standing.crc32c = known.crc32c
            for server in known.durable { standing.acknowledged[server] = .durable }
        }
        for attempt in 1...max(1, context.configuration.maxAttempts) {
            if attempt > 1 { try await reallocate(&standing, attempt) }
            standing.failed = []
            // Each round settles the first of them.
            while let routes = await routes(&standing) { try await send(routes, &standing) }
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

    /// The calls that bring the chunk to the servers that have neither got it nor failed: one to the first, which forwards
    /// it to all the others, or one to each.
    ///
    /// - Returns: the servers of each call, the one that takes it first; `nil` where all have been tried.
    private func routes(_ standing: inout Standing) async -> [[ServerAddress]]? {
        while standing.isForwarded, standing.untried.count > 1, let first = standing.untried.first {
            do {
                let kind = try await context.chunkServers.withPeer(first) { try await $0.kind() }
                // It forwards nothing. A Swift master names Go servers last.
                if !kind.isSwift { break }
                return [standing.untried]
            } catch {
                standing.failed.insert(first)
                standing.lastError = DFSError(error, from: "chunk server \(first)")
            }
        }
        return standing.untried.isEmpty ? nil : standing.untried.map { [$0] }
    }

    /// Sends the chunk by all routes at once.
    ///
    /// - Throws: what went wrong on this side; a server's failure only leaves it unacknowledged.
    private func send(_ routes: [[ServerAddress]], _ standing: inout Standing) async throws {
        let share = context.configuration.maxBuffers / max(1, context.configuration.chunksInFlight)
        let feed = Feed(consumerCount: routes.count, capacity: share)
        let request = ChunkUploadRequest(chunkID: standing.allocation.chunkID, length: length)
        let (outcomes, crc32c) = try await withTaskCancellationHandler {
            async let reading = read(into: feed)
            let outcomes = await send(request, by: routes, feed)
            return (outcomes, try await reading)
        } onCancel: {
            feed.fail(DFSError(.cancelled, "the put was cancelled"))
        }
        try Task.checkCancellation()
        for (route, outcome) in zip(routes, outcomes) { standing.add(outcome, of: route) }
        guard let crc32c else { return }
        if let before = standing.crc32c, before != crc32c {
            throw DFSError(.failedPrecondition, "\(source.path) changed while it was read; put it again")
        }
        standing.crc32c = crc32c
    }

    /// Reads the chunk into the feed.
    ///
    /// - Returns: the chunk's CRC-32C; `nil` where nobody wanted all of it.
    private func read(into feed: Feed) async throws -> UInt32? {
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
    private func fill(_ feed: Feed, after start: RunningSum) throws(DFSError) -> RunningSum {
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

    /// - Returns: what came of each route, in their order.
    private func send(
        _ request: ChunkUploadRequest, by routes: [[ServerAddress]], _ feed: Feed
    ) async -> [Result<ChunkUploadAnswer, DFSError>] {
        await withTaskGroup(of: (Int, Result<ChunkUploadAnswer, DFSError>).self) { tasks in
            for (consumer, route) in routes.enumerated() {
                tasks.addTask { (consumer, await self.send(request, by: route, feed, consumer)) }
            }
            let outcomes = await tasks.reduce(into: [:]) { $0[$1.0] = $1.1 }
            return routes.indices.compactMap { outcomes[$0] }
        }
    }

    /// Runs the whole of one call on the event loop of its connection.
    private func send(
        _ request: ChunkUploadRequest, by route: [ServerAddress], _ feed: Feed, _ consumer: Int
    ) async -> Result<ChunkUploadAnswer, DFSError> {
        defer { feed.leave(consumer) }
        var request = request
        if route.count > 1 { request.chain = route }
        do {
            let request = request
            let answer = try await context.chunkServers.withPeer(route[0]) { peer in
                try await peer.uploadChunk(request, settings: context.transferSettings) { upload in
                    while let piece = try await feed.next(consumer) {
                        try await upload.send(piece.data, crc32c: piece.crc32c)
                    }
                }
            }
            return .success(answer)
        } catch {
            return .failure(DFSError(error, from: "chunk server \(route[0])"))
        }
    }
}

extension ChunkPut.Standing {
    /// Takes what the call to the first of `route` gave.
    fileprivate mutating func add(_ outcome: Result<ChunkUploadAnswer, DFSError>, of route: [ServerAddress]) {
        switch outcome {
        case .success(let answer):
            acknowledged[route[0]] = answer.acknowledgement
            guard route.count > 1 else { return }
            // A server that is older than chains: the others are sent to from here.
            guard let chain = answer.chain else { return isForwarded = false }
            for server in route.dropFirst() {
                if let acknowledgement = chain.acknowledged[server] {
                    acknowledged[server] = acknowledgement
                } else if chain.failed.contains(server) {
                    failed.insert(server)
                    lastError = DFSError(
                        .unavailable, "chunk server \(server) could not be reached, or failed, behind \(route[0])",
                        advice: .tryOtherReplica)
                }
            }
        case .failure(let error):
            failed.insert(route[0])
            lastError = error
        }
    }
}
