import DFSChunkStore
import DFSCore
import DFSServices
import DFSWire
import Logging
import NIOCore
import RPC

/// Answers UploadChunk: durable, under a Swift master known to it, and forwarded as far as that goes, before the
/// acknowledgement.
struct UploadService: Sendable {
    /// Data gathered for one write.
    private static let batchSize = 1 << 20
    /// Batches that wait for the servers behind this one.
    private static let forwardDepth = 2

    let store: ChunkStore
    let threads: DiskThreads
    let source: ChunkSource
    let master: MasterSession
    let budget: WriteBudget
    let chainPeers: ChainPeers
    let forwardSlots: Slots
    let stallLimit: Duration
    let chainPatience: ChainPatience
    let logger: Logger

    func add(to routes: inout ServiceRoutes) {
        routes.streaming(Methods.uploadChunk) { call in
            try await StallWatch.run(limit: stallLimit, on: call.eventLoop) { watch in try await upload(call, watch) }
        }
    }

    private func upload(_ call: ServerCall, _ watch: StallWatch) async throws {
        guard let first = try await watch.waiting({ try await call.receive() }) else {
            throw DFSError(.invalidArgument, "no data received; an upload has at least one message")
        }
        var frame = try ChunkDataDecoder.decode(first.segments)
        let id = try ChunkID(frame.chunkID)
        let expected = ExpectedContent(
            length: try call.metadata.number(CallMetadata.length), crc32c: try call.metadata.number(CallMetadata.crc32c)
        )
        let chain = try UploadChain(call.metadata)
        // A Go master must see a chunk from its first byte, which a server that forwards it sends ahead of an empty message.
        let mayComeWhole = expected.isSmall(upTo: Self.batchSize) && master.isMasterSwift
        if mayComeWhole, frame.dataByteCount == 0, let next = try await watch.waiting({ try await call.receive() }) {
            frame = try ChunkDataDecoder.decode(next.segments)
            try check(frame, id)
        }
        let isWhole = mayComeWhole && expected.length == Int64(frame.dataByteCount)
        let writer = isWhole ? nil : try await begin(id, expected)
        master.noteArrival(id, isOurs: expected.length != nil)
        let route = await route(id, expected, chain)
        defer { if !route.targets.isEmpty { forwardSlots.giveBack() } }
        let forwarder = ChunkForwarder(
            id: id, expected: expected, route: route, peers: chainPeers, source: source, logger: logger)
        let plan = await forwarder.plan()
        let feed = ChunkForwarder.Feed(consumerCount: plan.links.count, capacity: Self.forwardDepth)
        async let forwarded = forwarder.send(plan, from: feed)
        let (digest, answerBy): (ContentDigest, NIODeadline)
        do {
            let end: NIODeadline
            (digest, end) =
                if let writer {
                    try await take(call, watch, first: frame, to: writer, feed)
                } else {
                    try await takeWhole(call, watch, frame, id, expected, feed)
                }
            answerBy = end + TimeAmount(route.answerLimit)
        } catch {
            // Nobody may take what has been forwarded so far for a chunk.
            feed.fail(DFSError(error, from: "the upload of chunk \(id)"))
            if let writer { await abandon(writer) }
            master.noteUpload(id)
            logger.warning(
                "upload failed", metadata: ["chunk": "\(id)", "peer": "\(call.peerHost)", "error": "\(error)"])
            throw error
        }
        logger.debug("chunk stored", metadata: ["chunk": "\(id)", "bytes": "\(digest.length)"])
        let isVouchedFor = expected.length != nil
        if isVouchedFor { try await master.announce(id, digest, isVouchedFor: true) }
        let standing = await forwarder.sendLate(await forwarded, digest, until: answerBy)
        if !isVouchedFor { try await announce(id, digest, standing) }
        try await acknowledge(call, standing, as: route.receiver)
    }

    /// Tells the master of a Go client's chunk when it has been forwarded: until then it leaves the other copies to this
    /// server.
    private func announce(_ id: ChunkID, _ digest: ContentDigest, _ standing: ChainStanding) async throws {
        let synced = standing.result.acknowledged.filter { $0.value == .syncedUnverified }.keys.sorted()
        try await master.announce(id, digest, syncedOn: synced, isVouchedFor: false)
    }

    /// - Parameter receiver: how a sender that asks who holds the chunk calls this server.
    private func acknowledge(_ call: ServerCall, _ standing: ChainStanding, as receiver: ServerAddress?) async throws {
        if let receiver {
            var result = standing.result
            result.acknowledged[receiver] = .durable
            call.setTrailingMetadata(result.metadata)
        }
        try await call.send(UploadChunkStatus(success: true))
    }

    private func abandon(_ writer: ChunkWriter) async {
        do {
            try await threads.run { writer.abandon() }
        } catch {
            // The server has stopped, and its threads before this upload had come to its end.
            writer.abandon()
        }
    }

    /// Where the chunk goes from here; nowhere while too many are being forwarded.
    private func route(_ id: ChunkID, _ expected: ExpectedContent, _ chain: UploadChain?) async -> ChainRoute {
        // An upload of ours without a chain is for this server alone.
        let isSilent = chain == nil && expected.length == nil
        let route = ChainRoute(
            chain, orTargets: isSilent ? await master.uploadTargets(of: id) : [], usual: chainPatience)
        if route.targets.isEmpty { return route }
        if forwardSlots.take() {
            let servers = route.targets.map(\.description).joined(separator: ",")
            logger.debug("forwarding a chunk", metadata: ["chunk": "\(id)", "to": "\(servers)"])
            return route
        }
        logger.warning("chunk not forwarded: too many others are", metadata: ["chunk": "\(id)"])
        return route.staying
    }

    private func begin(_ id: ChunkID, _ expected: ExpectedContent) async throws -> ChunkWriter {
        let store = store
        return try await threads.run { try store.beginUpload(of: id, expecting: expected) }
    }

    /// Takes a chunk that has come in one message, and makes it durable: one turn of a disk thread for all of it.
    ///
    /// - Returns: its digest, and when the end of the call came.
    private func takeWhole(
        _ call: ServerCall, _ watch: StallWatch, _ frame: ChunkDataFrame, _ id: ChunkID, _ expected: ExpectedContent,
        _ feed: ChunkForwarder.Feed
    ) async throws -> (ContentDigest, NIODeadline) {
        let piece = UploadPiece(segments: frame.data, checksum: frame.checksum)
        if await feed.waitForRoom() { feed.push([piece]) }
        while let message = try await watch.waiting({ try await call.receive() }) {
            let more = try ChunkDataDecoder.decode(message.segments)
            try check(more, id)
            guard more.dataByteCount == 0 else {
                throw DFSError(
                    .dataLoss, "chunk \(id) was announced with \(piece.byteCount) bytes and has more; send it again")
            }
        }
        feed.finish()
        let end = NIODeadline.now()
        await budget.acquire(piece.byteCount)
        defer { budget.release(piece.byteCount) }
        let store = store
        let digest = try await threads.run {
            let writer = try store.beginUpload(of: id, expecting: expected)
            do {
                try writer.append([piece])
                return try writer.commit()
            } catch {
                writer.abandon()
                throw error
            }
        }
        return (digest, end)
    }

    /// Brings all data of the call to the disk and to the servers behind.
    ///
    /// - Returns: the digest of the chunk, which is durable, and when the last byte came.
    private func take(
        _ call: ServerCall, _ watch: StallWatch, first: ChunkDataFrame, to writer: ChunkWriter,
        _ feed: ChunkForwarder.Feed
    ) async throws -> (ContentDigest, NIODeadline) {
        let queue = WriteQueue(writer: writer, threads: threads, budget: budget)
        let end: NIODeadline
        do {
            try await receive(call, watch, writer.id, first: first, into: queue, feed)
            end = NIODeadline.now()
            try await queue.finish()
        } catch {
            await queue.stop()
            throw error
        }
        return (try await threads.run { try writer.commit() }, end)
    }

    /// Moves messages from the call to the disk's queue and to the servers behind, a batch at a time.
    private func receive(
        _ call: ServerCall, _ watch: StallWatch, _ id: ChunkID, first: ChunkDataFrame, into queue: WriteQueue,
        _ feed: ChunkForwarder.Feed
    ) async throws {
        var batch: [UploadPiece] = []
        var batchSize = 0
        var frame = first
        while true {
            try check(frame, id)
            let piece = UploadPiece(segments: frame.data, checksum: frame.checksum)
            batchSize += piece.byteCount
            batch.append(piece)
            if batchSize >= Self.batchSize {
                try await push(batch, batchSize, to: queue, feed)
                batch = []
                batchSize = 0
            }
            guard let message = try await watch.waiting({ try await call.receive() }) else { break }
            frame = try ChunkDataDecoder.decode(message.segments)
        }
        if !batch.isEmpty { try await push(batch, batchSize, to: queue, feed) }
        feed.finish()
    }

    private func check(_ frame: ChunkDataFrame, _ id: ChunkID) throws(DFSError) {
        if frame.chunkID == id.text || frame.chunkID.isEmpty { return }
        throw DFSError(
            .invalidArgument, "one upload names two chunks, \(id) and \(quoted(frame.chunkID)); send one each")
    }

    /// The slower of disk and servers behind holds the sender up.
    private func push(
        _ batch: [UploadPiece], _ byteCount: Int, to queue: WriteQueue, _ feed: ChunkForwarder.Feed
    ) async throws {
        if await feed.waitForRoom() { feed.push(batch) }
        try await queue.push(batch, byteCount: byteCount)
    }
}

extension ExpectedContent {
    /// Whether the chunk was announced with its length, has bytes, and no more of them than `limit`.
    fileprivate func isSmall(upTo limit: Int) -> Bool { length.map { (1...Int64(limit)).contains($0) } ?? false }
}
