import DFSCore
import DFSServices
import Logging

/// Fetches one chunk into its place in the local file, from one replica after the other until it is whole.
struct ChunkFetch: Sendable {
    let context: ClientContext
    let master: MasterClient
    let layout: FileLayout
    let index: Int
    let target: LocalTarget
    let progress: ProgressMeter
    let failedServers: FailedServers

    /// - Throws: ``DFSError``: of the local file at once, of a replica only when none is left.
    func run() async throws -> GetChunk {
        var location = layout.chunks[index]
        let standing = FetchStanding(expected: expectation(of: location))
        for attempt in 1...max(1, context.configuration.maxAttempts) {
            if attempt > 1 {
                try await Task.sleep(for: .milliseconds(300 << attempt))
                location = try await refreshed(location)
            }
            for server in failedServers.last(rotated(location.servers)) {
                if try await fetch(location, from: server, standing) {
                    return GetChunk(
                        id: location.id, length: standing.position, crc32c: standing.crc32c,
                        isVerified: standing.isVerified)
                }
            }
        }
        throw standing.lastError
            ?? DFSError(.unavailable, "chunk \(location.id) has no replica now; try again later")
    }

    /// Spreads the chunks of a file over their replicas; the master's order stands where nobody has verified them.
    private func rotated(_ servers: [String]) -> [String] {
        guard !servers.isEmpty, layout.chunks[index].crc32c != nil else { return servers }
        let start = index % servers.count
        return Array(servers[start...] + servers[..<start])
    }

    /// What the master knows, or what follows from the chunk's place.
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

    /// Goes on where the last replica stopped.
    ///
    /// - Returns: whether the chunk is whole now.
    /// - Throws: what is wrong on this side.
    private func fetch(
        _ location: ChunkLocation, from server: String, _ standing: FetchStanding
    ) async throws -> Bool {
        do {
            let address = try ServerAddress(server)
            let request = ChunkDownloadRequest(
                chunkID: try ChunkID(location.id), offset: standing.position, length: standing.missingByteCount)
            try await context.chunkServers.withPeer(address) { peer in
                try await peer.downloadChunk(request, settings: context.transferSettings) { download in
                    try standing.learn(download.stored)
                    let writer = ChunkWriter(
                        context: context, target: target, chunkOffset: index * layout.chunkSize, standing: standing,
                        eventLoop: peer.channel.executor.eventLoop)
                    try await writer.drain(download) { progress.chunk(index, at: standing.position) }
                }
            }
            try standing.checkWhole()
            return true
        } catch {
            try Task.checkCancellation()
            if let localError = standing.localError { throw localError }
            let error = DFSError(error, from: "chunk server \(server)")
            context.logger.warning(
                "a replica failed; trying another",
                metadata: ["chunk": "\(location.id)", "server": "\(server)", "error": "\(error)"])
            standing.lastError = error
            failedServers.insert(server)
            return false
        }
    }
}
