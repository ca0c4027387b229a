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
    let pace: UploadPace
    let progress: ProgressMeter

    private typealias Feed = ChunkFeed<LocalSource.Piece>

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
        try await passBySlowServers(&standing)
        var attempt = 1
        while true {
            let hadFloor = pace.hasFloor
            let known = standing.slow
            // Each call settles the first of its servers.
            while let routes = await routes(&standing) { try await send(routes, &standing) }
            pace.note(standing.slow.filter { known[$0.key] == nil }, inChunk: index)
            if standing.heldBy.count >= wanted(of: standing), let crc32c = standing.crc32c {
                return standing.written(length: length, crc32c: crc32c)
            }
            // Slowness is no failure, and after the second time there is none in a chunk: the floor is gone then.
            if !hadFloor || !standing.isOnlySlow { attempt += 1 }
            if attempt > context.configuration.maxAttempts { break }
            try await reallocate(&standing, attempt)
            standing.beginRound()
        }
        throw standing.lastError ?? DFSError(.unavailable, "chunk \(standing.allocation.chunkID) found no server")
    }

    /// The copies that the put waits for.
    private func wanted(of standing: Standing) -> Int {
        max(1, min(options.requiredReplicas ?? .max, standing.allocation.servers.count))
    }

    /// Has servers that were slow in this put replaced before anything is sent to them; where there are no others, and enough
    /// without them, they are left to the master's repair.
    private func passBySlowServers(_ standing: inout Standing) async throws {
        let slow = pace.avoided.filter { standing.missing.contains($0) }
        if slow.isEmpty || upload.id == nil { return }
        if let replacement = try await replacement(excluding: pace.avoided.filter { standing.acknowledged[$0] == nil })
        {
            return standing.take(replacement)
        }
        if standing.allocation.servers.count - slow.count >= wanted(of: standing) {
            standing.leftOut = Set(slow)
        } else {
            pace.putUpWithAll()
        }
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
        // A replacement that is slow as well is as good as any other.
        if standing.isOnlySlow, !pace.hasFloor { return }
        guard upload.id != nil else {
            try await Task.sleep(for: .seconds(attempt))
            return
        }
        standing.excludeFailed()
        let slow = pace.avoided.filter { standing.acknowledged[$0] == nil && !standing.excluded.contains($0) }
        if let replacement = try await replacement(excluding: standing.excluded + slow) {
            return standing.take(replacement)
        }
        if !slow.isEmpty {
            pace.putUpWithAll()
            if !standing.excluded.isEmpty, let replacement = try await replacement(excluding: standing.excluded) {
                return standing.take(replacement)
            }
        }
        if !standing.isOnlySlow { try await Task.sleep(for: .seconds(attempt)) }
        standing.excluded = []
        standing.take(try await master.allocate(upload, index: index))
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
                standing.fail(first, DFSError(error, from: "chunk server \(first)"))
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
    ) async -> [RouteOutcome] {
        await withTaskGroup(of: (Int, RouteOutcome).self) { tasks in
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
    ) async -> RouteOutcome {
        defer { feed.leave(consumer) }
        var request = request
        if route.count > 1 { request.chain = route }
        let (result, slow) = await pace.watching(route[0]) { [request] settings in
            try await context.chunkServers.withPeer(route[0]) { peer in
                try await peer.uploadChunk(request, settings: settings) { upload in
                    while let piece = try await feed.next(consumer) {
                        try await upload.send(piece.data, crc32c: piece.crc32c)
                    }
                }
            }
        }
        return RouteOutcome(result: result.mapError { DFSError($0, from: "chunk server \(route[0])") }, slow: slow)
    }
}
