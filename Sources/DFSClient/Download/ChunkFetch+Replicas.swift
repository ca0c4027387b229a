import DFSCore
import DFSServices

// One chunk from one replica, or from another where the first lets wait.
extension ChunkFetch {
    /// Why a replica did not give its bytes.
    private struct ReplicaFailure: Error {
        let server: String
        let cause: any Error
    }

    /// How one of two downloads has ended.
    private enum End: Sendable {
        /// What this server gave was the rest of the chunk.
        case whole(String)
        case lost
        case failed(ReplicaFailure)
        /// No byte has come in time.
        case late
    }

    /// Goes on where the last replica stopped.
    ///
    /// - Parameter spare: has the same bytes, and is asked for them where no byte comes in time; `nil` for nobody.
    /// - Returns: whether the chunk is whole now.
    /// - Throws: what is wrong on this side.
    func fetch(
        _ location: ChunkLocation, from server: String, spare: String?, _ standing: FetchStanding
    ) async throws -> Bool {
        // The chunk ends before the part that is wanted.
        if wanted.lowerBound > 0, standing.missingByteCount == 0 { return true }
        do {
            let giver = try await download(location, from: server, spare: spare, standing)
            do {
                try standing.checkWhole()
            } catch {
                throw ReplicaFailure(server: giver, cause: error)
            }
            return true
        } catch {
            try Task.checkCancellation()
            if let localError = standing.localError { throw localError }
            let failure = error as? ReplicaFailure ?? ReplicaFailure(server: server, cause: error)
            let error = DFSError(failure.cause, from: "chunk server \(failure.server)")
            context.logger.warning(
                "a replica failed; trying another",
                metadata: ["chunk": "\(location.id)", "server": "\(failure.server)", "error": "\(error)"])
            standing.lastError = error
            standing.noteFailure(of: failure.server)
            failedServers.insert(failure.server)
            return false
        }
    }

    /// Asks `spare`, too, where `server` gives no byte in time; once a chunk, and within the bounds of ``HedgePolicy``.
    ///
    /// - Returns: which of the two gave the bytes.
    private func download(
        _ location: ChunkLocation, from server: String, spare: String?, _ standing: FetchStanding
    ) async throws -> String {
        let race = DownloadRace()
        guard let spare, standing.hedge == nil, let delay = context.hedges.withLock({ $0.delay }) else {
            try await stream(location, from: server, race, .first, standing)
            return server
        }
        return try await withThrowingTaskGroup(of: End.self) { tasks in
            defer { tasks.cancelAll() }
            tasks.addTask {
                try await end(race, .first, server) { try await stream(location, from: server, race, .first, standing) }
            }
            tasks.addTask {
                try await Task.sleep(for: delay)
                return .late
            }
            var underWay = 1
            var failure: ReplicaFailure?
            while let end = try await tasks.next() {
                switch end {
                case .whole(let giver): return giver
                case .lost:
                    underWay -= 1
                    if underWay == 0, let failure { throw failure }
                case .failed(let cause):
                    underWay -= 1
                    if underWay == 0 || !race.isOpen { throw cause }
                    failure = cause
                    standing.noteFailure(of: cause.server)
                    failedServers.insert(cause.server)
                case .late:
                    guard race.isOpen else { continue }
                    underWay += 1
                    tasks.addTask {
                        guard await isHedge(spare, for: location, after: delay, standing) else { return .lost }
                        // Later chunks ask the slow one last.
                        failedServers.insert(server)
                        return try await self.end(race, .second, spare) {
                            try await stream(location, from: spare, race, .second, standing)
                        }
                    }
                }
            }
            preconditionFailure("a download is lost only to one that has the race, or before it began")
        }
    }

    /// Whether `spare` is to be asked, too.
    private func isHedge(
        _ spare: String, for location: ChunkLocation, after delay: Duration, _ standing: FetchStanding
    ) async -> Bool {
        // The bytes of a Go server would have to be read before they can be passed on.
        if !target.isRewritable || wanted != 0..<Int.max, await !context.isSwift(spare) { return false }
        guard let count = context.hedges.withLock({ $0.take() ? $0.count : nil }) else { return false }
        standing.hedge = spare
        context.logger.debug(
            "a replica lets wait; asking a second one",
            metadata: ["chunk": "\(location.id)", "server": "\(spare)", "after": "\(delay)", "hedges": "\(count)"])
        return true
    }

    /// Runs one of two downloads.
    ///
    /// - Throws: when the whole fetch is cancelled.
    private func end(
        _ race: DownloadRace, _ lane: DownloadRace.Lane, _ server: String,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws -> End {
        do {
            return try await race.run(lane, body) ? .whole(server) : .lost
        } catch {
            try Task.checkCancellation()
            return .failed(ReplicaFailure(server: server, cause: error))
        }
    }

    /// The same from a replica on this machine.
    private func read(
        _ replica: LocalReplica, of peer: Peer, _ local: ShortCircuit, _ race: DownloadRace,
        _ lane: DownloadRace.Lane, _ standing: FetchStanding
    ) async throws {
        try standing.learn(replica.stored)
        let began = ContinuousClock.now
        let reading = LocalReading(
            replica, into: target, chunkOffset: layout.starts[index], standing: standing,
            stallLimit: context.configuration.stallLimit)
        do {
            try await reading.run(on: local.threads, peer.channel.executor.eventLoop) {
                guard race.claim(lane) else { throw DFSError(.cancelled, "another replica was quicker") }
                context.hedges.withLock { $0.noteFirstByte(after: .now - began) }
                standing.noteGiver(peer.address.description)
            } onPiece: {
                progress.chunk(index, at: standing.position)
            }
        } catch let error as DFSError where error.code == .deadlineExceeded {
            local.noteRefusal(peer.address)
            throw error
        }
    }

    /// Downloads into the target what is missing, once the first byte has come before that of the other lane.
    private func stream(
        _ location: ChunkLocation, from server: String, _ race: DownloadRace, _ lane: DownloadRace.Lane,
        _ standing: FetchStanding
    ) async throws {
        let address = try ServerAddress(server)
        let request = ChunkDownloadRequest(
            chunkID: try ChunkID(location.id), offset: standing.position, length: standing.missingByteCount)
        let began = ContinuousClock.now
        do {
            try await context.chunkServers.withPeer(address) { peer in
                if !location.isOpen, let local = context.shortCircuit,
                    let replica = try await local.replica(location.id, request.length, on: peer)
                {
                    return try await read(replica, of: peer, local, race, lane, standing)
                }
                try await peer.downloadChunk(request, settings: context.transferSettings) { download in
                    let first = try await download.next()
                    guard race.claim(lane) else { throw DFSError(.cancelled, "another replica was quicker") }
                    context.hedges.withLock { $0.noteFirstByte(after: .now - began) }
                    try standing.learn(download.stored)
                    standing.noteGiver(server)
                    let writer = ChunkWriter(
                        context: context, target: target, chunkOffset: layout.starts[index], standing: standing,
                        eventLoop: peer.channel.executor.eventLoop)
                    try await writer.drain(download, after: first) { progress.chunk(index, at: standing.position) }
                }
            }
        } catch let error as DFSError where error.code == .dataLoss && standing.localError == nil {
            standing.suspect(server)
            throw error
        }
    }
}
