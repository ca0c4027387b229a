import DFSChunkStore
import DFSCore
import DFSFiles
import DFSServices
import Logging
import NIOCore
import RPC
import Synchronization

/// Carries a chunk on to the servers behind this one: while it arrives, and from the disk to those that could not be
/// reached then.
///
/// Failures of other servers fail nothing here. They end in the log, and in whom the answer names.
struct ChunkForwarder: Sendable {
    /// Batches of messages as they go to the disk, sharing their buffers.
    typealias Feed = ChunkFeed<[UploadPiece]>

    /// Data in one message to a Swift server: a message is passed on as it came, with its checksum, up to what our own
    /// clients send at most.
    private static let dataSize = 2 << 20

    let id: ChunkID
    let expected: ExpectedContent
    let route: ChainRoute
    let peers: ChainPeers
    let source: ChunkSource
    let logger: Logger
    private let clock = SystemClock()

    init(
        id: ChunkID, expected: ExpectedContent, route: ChainRoute, peers: ChainPeers, source: ChunkSource,
        logger: Logger
    ) {
        self.id = id
        self.expected = expected
        self.route = route
        self.peers = peers
        self.source = source
        self.logger = logger
    }

    // MARK: While the chunk arrives

    /// Says who gets the chunk while it arrives.
    func plan() async -> ChainPlan {
        await plan(route.targets, isLengthKnown: expected.length != nil)
    }

    /// Sends what comes by `feed`, which has a consumer for each link of the plan.
    ///
    /// - Returns: when every link has acknowledged the chunk or failed.
    func send(_ plan: ChainPlan, from feed: Feed) async -> ChainStanding {
        let request = ChunkUploadRequest(
            chunkID: id, length: expected.length.map { Int($0) }, crc32c: expected.crc32c)
        return await send(plan, request) { link, upload in
            try await upload.begin()
            while let batch = try await feed.next(link) {
                for piece in batch { try await upload.send(piece.segments, crc32c: piece.givenOrOwnChecksum) }
            }
        } onEnd: {
            feed.leave($0)
        }
    }

    // MARK: When it is whole here

    /// Sends the chunk from the disk to those who are still to be tried, past those who failed.
    ///
    /// - Parameter end: when the sender of the chunk is not going to wait any longer.
    func sendLate(_ standing: ChainStanding, _ digest: ContentDigest, until end: NIODeadline) async
        -> ChainStanding
    {
        var standing = standing
        let source = source
        let request = ChunkUploadRequest(chunkID: id, length: Int(digest.length), crc32c: digest.crc32c)
        // Each round settles at least one of them.
        while !standing.pending.isEmpty, .now() < end {
            let plan = await plan(standing.pending, isLengthKnown: true)
            guard let reader = try? await source.open(id) else { break }
            let round = await CallContext.$deadline.withValue(end) {
                await send(plan, request) { _, upload in
                    try await source.forEachPiece(of: reader, 0..<digest.length, comparing: true) { piece in
                        try await upload.send(piece.bytes, crc32c: piece.crc32c)
                    }
                }
            }
            standing.result.acknowledged.merge(round.result.acknowledged) { $1 }
            standing.result.failed.formUnion(round.result.failed)
            standing.result.slow.merge(round.result.slow) { $1 }
            standing.pending = round.pending
        }
        return standing
    }

    // MARK: Both

    /// Finds the first Swift server, which gets the chunk with all the others to forward it to. Go servers are fed by the
    /// last Swift server, since they forward nothing.
    ///
    /// - Parameter isLengthKnown: otherwise Go servers have to wait for the whole chunk: a part of it that a client left
    ///   there could not be told from the end of its file.
    private func plan(_ targets: [ServerAddress], isLengthKnown: Bool) async -> ChainPlan {
        var plan = ChainPlan(reach: targets.count)
        var goServers: [ServerAddress] = []
        let end = clock.now + route.stallLimit / 2
        for (index, target) in targets.enumerated() {
            let left = end - clock.now
            if left <= .zero {
                plan.late += targets[index...]
                break
            }
            do {
                let kind = try await peers.pool(reaching: plan.reach).withPeer(target) { peer in
                    try await peer.kind(timeout: min(left, route.stallLimit / 4))
                }
                try kind.checkIsOther(than: source.store.nodeID, at: target)
                if kind.isSwift {
                    plan.links = [[target] + targets[(index + 1)...] + goServers]
                    return plan
                }
                goServers.append(target)
            } catch {
                giveUp(target, error)
                plan.failed.insert(target)
            }
        }
        if isLengthKnown { plan.links = goServers.map { [$0] } } else { plan.late += goServers }
        return plan
    }

    /// - Parameters:
    ///   - body: pushes the chunk's data into the call of the link with that number.
    ///   - onEnd: called when the link needs no more data.
    private func send(
        _ plan: ChainPlan, _ request: ChunkUploadRequest,
        _ body: @escaping @Sendable (Int, ChunkUpload) async throws -> Void,
        onEnd: @escaping @Sendable (Int) -> Void = { _ in }
    ) async -> ChainStanding {
        let outcomes = await withTaskGroup(of: (Int, ChainOutcome).self) { group in
            for (number, servers) in plan.links.enumerated() {
                group.addTask {
                    defer { onEnd(number) }
                    return (number, await send(request, servers, plan.reach) { try await body(number, $0) })
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        var standing = ChainStanding(pending: plan.late)
        standing.result.failed = plan.failed
        for (number, outcome) in outcomes { standing.add(outcome, of: plan.links[number]) }
        return standing
    }

    /// Sends to the first of `servers`, which is to reach the others.
    private func send(
        _ request: ChunkUploadRequest, _ servers: [ServerAddress], _ reach: Int,
        _ body: @escaping @Sendable (ChunkUpload) async throws -> Void
    ) async -> ChainOutcome {
        var request = request
        request.chain = servers
        var settings = TransferSettings()
        settings.swiftDataSize = Self.dataSize
        settings.stallLimit = route.stallLimit
        settings.acknowledgementLimit = route.answerLimit
        settings.floor = route.floor
        let slow = SlowLink()
        settings.givesUp = { slow.givesUp($0) }
        do {
            let (request, settings) = (request, settings)
            let answer = try await peers.pool(reaching: reach).withPeer(servers[0]) { peer in
                try await peer.uploadChunk(request, settings: settings, body)
            }
            return .answered(answer)
        } catch {
            giveUp(servers[0], error)
            let rate = slow.bytesPerSecond
            if rate != nil { peers.countSlowServer() }
            return .failed(bytesPerSecond: rate)
        }
    }

    private func giveUp(_ server: ServerAddress, _ error: any Error) {
        // Where the upload itself has ended, so has this, and it is told there.
        if Task.isCancelled { return }
        logger.warning(
            "chunk not forwarded", metadata: ["chunk": "\(id)", "server": "\(server)", "error": "\(error)"])
    }
}

/// Whether a link was given up for taking too little, and what it took in a second then.
private final class SlowLink: Sendable {
    private let rate = Mutex<Int?>(nil)

    // Read behind a suspension: there the lock would be taken by another thread's id if it were inlined (docs/decisions/0032).
    var bytesPerSecond: Int? {
        @inline(never) get { rate.withLock { $0 } }
    }

    func givesUp(_ speed: LinkSpeed) -> Bool {
        if speed.isSlow { rate.withLock { $0 = speed.bytesPerSecond } }
        return speed.isSlow
    }
}

extension UploadPiece {
    /// Go clients give no checksums. From here on the bytes have one.
    fileprivate var givenOrOwnChecksum: UInt32 {
        if checksum != 0 { return checksum }
        var crc = CRC32C()
        for segment in segments { crc.update(segment) }
        return crc.value
    }
}
