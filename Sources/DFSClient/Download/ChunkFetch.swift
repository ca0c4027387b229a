import DFSCore
import DFSServices
import Logging

/// Fetches one chunk into its place in the target, from one replica after the other until it is whole.
struct ChunkFetch: Sendable {
    let context: ClientContext
    let master: MasterClient
    let layout: FileLayout
    let index: Int
    /// The bytes of the chunk that are wanted; it may end before them.
    var wanted = 0..<Int.max
    let target: any FetchTarget
    let progress: ProgressMeter
    let failedServers: FailedServers

    /// How long a reader of an open chunk asks the master again: for longer than that takes to notice that the chunk's
    /// primary is gone, and to seal it.
    private static let openChunkLimit = Duration.seconds(30)

    /// - Throws: ``DFSError``: of the local file at once, of a replica only when none is left.
    func run() async throws -> GetChunk {
        let standing = FetchStanding(
            expected: expectation(of: layout.chunks[index]), wanted: wanted, isRewritable: target.isRewritable)
        standing.isGrowing = layout.chunks[index].isOpen
        do {
            let chunk = try await fetch(standing)
            await reportDamage(standing)
            return chunk
        } catch {
            if !Task.isCancelled { await reportDamage(standing) }
            throw error
        }
    }

    /// Tells the master of replicas that seem damaged; it has them checked. This is for those who come after.
    private func reportDamage(_ standing: FetchStanding) async {
        for server in standing.suspects { await master.reportDamage(layout.chunks[index].id, at: server) }
    }

    private func fetch(_ standing: FetchStanding) async throws -> GetChunk {
        var location = layout.chunks[index]
        let openChunkEnd = ContinuousClock.now + Self.openChunkLimit
        var attempt = 1
        while attempt <= max(1, context.configuration.maxAttempts) {
            if attempt > 1 {
                try await Task.sleep(for: .milliseconds(300 << attempt))
                let wasOpen = location.isOpen
                location = try await refreshed(location)
                if wasOpen, !location.isOpen { standing.settle(expectation(of: location)) }
            }
            let reached = standing.position
            standing.beginRound()
            var waiting = failedServers.last(await ordered(location.servers))[...]
            while let server = waiting.popFirst() {
                // A second replica that failed beside the first has had its turn.
                if standing.hasFailed(server) { continue }
                // Where the master does not vouch for the bytes, the next replica may be none.
                let spare = location.crc32c == nil ? nil : waiting.first
                guard try await isFit(server, for: location, standing) else { continue }
                guard try await fetch(location, from: server, spare: spare, standing) else {
                    // One that was only slower than another, which has failed since, has not: once, since a chunk is hedged once.
                    if !standing.hasFailed(server) { waiting.append(server) }
                    continue
                }
                if standing.isLengthUnknown, let better = try await longerReplica(of: location, than: server, standing)
                {
                    standing.restart(expectingLength: better.length, crc32c: better.crc32c)
                    guard try await fetch(location, from: better.server, spare: nil, standing) else { continue }
                }
                return GetChunk(
                    id: location.id, length: standing.byteCount, crc32c: standing.crc32c,
                    isVerified: standing.isVerified)
            }
            // Servers give up on a stream that lets them wait for minutes, however often; that is no fault of theirs.
            let isGettingOn = !target.isRewritable && standing.position > reached
            let isToBeSealed = location.isOpen && attempt > 1 && .now < openChunkEnd
            attempt = isGettingOn ? 1 : isToBeSealed ? 2 : attempt + 1
        }
        throw standing.lastError
            ?? DFSError(.unavailable, "chunk \(location.id) has no replica now; try again later")
    }

    /// Replicas on this machine first, the others as the master has put them: the nearest first, equals in another order for
    /// each chunk, so that readers are spread, and servers that are leaving or doubtful last. Where the master knows nothing of
    /// the bytes, Swift servers come first: they never serve a part of a chunk, and they know its checksum.
    private func ordered(_ servers: [String]) async -> [String] {
        if layout.chunks[index].crc32c != nil { return context.machine.first(servers) }
        var (swift, others): ([String], [String]) = ([], [])
        for server in servers {
            if await context.isSwift(server) { swift.append(server) } else { others.append(server) }
        }
        return context.machine.first(swift) + context.machine.first(others)
    }

    /// A Go server also serves a chunk that is still being copied to it, and a last chunk may have any length. So the
    /// other replicas have a say: the longest one is the whole one.
    ///
    /// - Throws: ``DFSError`` of code ``DFSError/Code/dataLoss`` where replicas of one length differ.
    private func longerReplica(
        of location: ChunkLocation, than server: String, _ standing: FetchStanding
    ) async throws -> ReplicaMeasure? {
        var longest: ReplicaMeasure?
        for other in location.servers where other != server {
            do {
                let measure = try await ReplicaMeasure.take(location.id, from: other, context)
                if measure.length == standing.position, measure.crc32c != standing.crc32c {
                    throw differing(location, server, other)
                }
                if measure.length > max(standing.position, longest?.length ?? 0) { longest = measure }
            } catch let error as DFSError where error.advice != .giveUp || error.code != .dataLoss {
                context.logger.debug("a replica could not be compared", metadata: ["error": "\(error)"])
            }
        }
        return longest
    }

    /// What a stream has taken cannot be taken back, and the bytes of a Go server come without checksums: its replica is
    /// read once to be compared, before it is read to be passed on.
    private func isFit(
        _ server: String, for location: ChunkLocation, _ standing: FetchStanding
    ) async throws -> Bool {
        let isPart = wanted != 0..<Int.max
        if target.isRewritable && !isPart { return true }
        // Where a part lies is known only once the chunk's length is.
        if isPart && standing.isLengthUnknown { try await standing.take(longestReplica(of: location)) }
        if await context.isSwift(server) { return true }
        do {
            if standing.isLengthUnknown { try await standing.take(longestReplica(of: location)) }
            try await standing.take(ReplicaMeasure.take(location.id, from: server, context))
            return true
        } catch {
            try Task.checkCancellation()
            let error = DFSError(error, from: "chunk server \(server)")
            if error.code == .dataLoss { standing.suspect(server) }
            if error.code == .dataLoss, error.advice == .giveUp { throw error }
            standing.lastError = error
            failedServers.insert(server)
            return false
        }
    }

    /// Reads all replicas of a chunk whose length nobody has told.
    private func longestReplica(of location: ChunkLocation) async throws -> ReplicaMeasure {
        var longest: ReplicaMeasure?
        var lastError: (any Error)?
        for server in location.servers {
            do {
                let measure = try await ReplicaMeasure.take(location.id, from: server, context)
                if let longest, measure.length == longest.length, measure.crc32c != longest.crc32c {
                    throw differing(location, server, longest.server)
                }
                if measure.length > longest?.length ?? -1 { longest = measure }
            } catch let error as DFSError where error.advice != .giveUp || error.code != .dataLoss {
                lastError = error
            }
        }
        guard let longest else { throw lastError ?? DFSError(.unavailable, "chunk \(location.id) has no replica now") }
        return longest
    }

    private func differing(_ location: ChunkLocation, _ server: String, _ other: String) -> DFSError {
        DFSError(
            .dataLoss,
            "replicas of chunk \(location.id) on \(server) and \(other) differ; nobody knows which is right",
            advice: .giveUp)
    }

    /// What the master knows, or what follows from the chunk's place under a Go master.
    private func expectation(of location: ChunkLocation) -> FetchStanding.Expectation {
        let isLast = index == layout.chunks.count - 1
        return FetchStanding.Expectation(
            length: location.length ?? (isLast ? nil : layout.chunkSize), crc32c: location.crc32c)
    }

    /// Where the chunk is now; an id stands for the same bytes for ever.
    private func refreshed(_ old: ChunkLocation) async throws -> ChunkLocation {
        let layout = try await master.open(layout.name)
        guard layout.chunks.indices.contains(index), layout.chunks[index].id == old.id else {
            throw DFSError(.failedPrecondition, "\(layout.name) was replaced while it was read; get it again")
        }
        return layout.chunks[index]
    }
}
