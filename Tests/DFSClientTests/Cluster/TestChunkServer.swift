import DFSCore
import DFSServices
import DFSWire
import NIOCore
import NIOPosix
import RPC
import Synchronization

/// A chunk server in memory on a real socket, Swift or Go in manner, that misbehaves when told to.
final class TestChunkServer: Sendable {
    /// What goes wrong, and how often; each counts down.
    struct Faults: Sendable {
        /// Uploads that are refused after this many bytes.
        var refusedUploads = 0
        var refuseAfter = 0
        /// Uploads behind the first so many of ``Record/uploads`` are refused.
        var uploadLimit = Int.max
        /// Uploads that take nothing more after the first message.
        var stalledUploads = 0
        /// How much of uploads is taken in a second.
        var bytesPerSecond = Int.max
        /// Downloads that end in order after half of the bytes.
        var truncatedDownloads = 0
        /// Downloads that fail after half of the bytes.
        var brokenDownloads = 0
        /// Downloads that stand still before the first byte.
        var silentDownloads = 0
        /// Downloads that stand still after half of the bytes.
        var stalledDownloads = 0
        /// Downloads whose bytes are wrong in a way that no message's checksum shows.
        var corruptedDownloads = 0
        /// Downloads of which a byte has changed on the disk: of the message behind the first 100,000 bytes, where there is
        /// one. Messages of a Swift server say so by their checksums.
        var rottenDownloads = 0
        /// Downloads that announce another chunk length.
        var mislabelledDownloads = 0
        /// The next download says nothing before this has ended.
        var downloadStart: AsyncStream<Never>?
        /// Appends that take their first record and stand still.
        var silentAppends = 0
        /// Appends take their first record, acknowledge nothing, and fail so when this has ended.
        var appendEnd: (AsyncStream<Never>, DFSError)?
    }

    /// What was asked of the server.
    struct Record: Sendable {
        var uploads: [String] = []
        var downloads: [(chunk: String, offset: Int, length: Int?)] = []
        var receivedByteCount = 0
        /// The chains that uploads came with, by their texts; empty for an upload without one.
        var chains: [String] = []
        /// The chunk of each append, and the records that came.
        var appends: [(chunk: String, records: [[UInt8]])] = []
        /// Told of the first download.
        var downloadWaiter: AsyncStream<Never>.Continuation?
    }

    let isSwift: Bool
    /// Whether it brings chunks to the servers behind it, as every server of ours does that is not old.
    let forwards: Bool
    let faults = Mutex(Faults())
    let record = Mutex(Record())
    private let chunks = Mutex<[String: [UInt8]]>([:])

    private let peers = PeerPool(group: MultiThreadedEventLoopGroup.singleton, logger: TestCluster.logger)

    init(isSwift: Bool, forwards: Bool = true) {
        self.isSwift = isSwift
        self.forwards = isSwift && forwards
    }

    /// What is stored under `id`.
    func contents(of id: String) -> [UInt8]? { chunks.withLock { $0[id] } }

    /// Stores `bytes` under `id`, as a copy under way or a bad disk leaves them.
    func replace(_ id: String, by bytes: [UInt8]) { chunks.withLock { $0[id] = bytes } }

    var chunkIDs: [String] { chunks.withLock { $0.keys.sorted() } }

    var routes: ServiceRoutes {
        var routes = ServiceRoutes()
        if isSwift {
            routes.unary(Methods.describe) { (_: DescribeRequest, _) in DescribeResponse(role: "chunkserver") }
        }
        routes.streaming(Methods.uploadChunk) { [self] call in try await upload(call) }
        routes.streaming(Methods.downloadChunk) { [self] call in try await download(call) }
        routes.streaming(Methods.append) { [self] call in try await append(call) }
        return routes
    }

    private func take(_ fault: WritableKeyPath<Faults, Int>) -> Bool {
        faults.withLock { faults in
            guard faults[keyPath: fault] > 0 else { return false }
            faults[keyPath: fault] -= 1
            return true
        }
    }

    private func upload(_ call: ServerCall) async throws {
        let isBeyondLimit = record.withLock { $0.uploads.count } >= faults.withLock { $0.uploadLimit }
        let isRefused = take(\.refusedUploads) || isBeyondLimit
        let isStalled = take(\.stalledUploads)
        record.withLock { $0.chains.append(call.metadata.first(CallMetadata.chain) ?? "") }
        var bytes: [UInt8] = []
        var id: String?
        while let message = try await call.receive() {
            let frame = try ChunkDataDecoder.decode(message.segments)
            if id == nil { record.withLock { $0.uploads.append(frame.chunkID) } }
            id = frame.chunkID
            for segment in frame.data { bytes += Array(segment.readableBytesView) }
            record.withLock { $0.receivedByteCount += frame.dataByteCount }
            if isRefused, bytes.count >= faults.withLock({ $0.refuseAfter }) {
                throw DFSError(.resourceExhausted, "disk full")
            }
            if isStalled { try await standStill() }
            let rate = faults.withLock { $0.bytesPerSecond }
            if rate != .max { try await Task.sleep(for: .seconds(Double(frame.dataByteCount) / Double(rate))) }
        }
        guard let id else { throw RPCError(.unknown, "no data received") }
        if isSwift, let length = try call.metadata.number(CallMetadata.length, as: Int.self), length != bytes.count {
            throw DFSError(.dataLoss, "got \(bytes.count) bytes of \(length)")
        }
        chunks.withLock { $0[id] = bytes }
        if forwards, let chain = try UploadChain(call.metadata) {
            var result = await forward(try ChunkID(id), bytes, chain)
            result.acknowledged[chain.receiver] = .durable
            call.setTrailingMetadata(result.metadata)
        }
        try await call.send(UploadChunkStatus(success: true))
    }

    /// When it has the whole chunk, which is late, but gives the same.
    private func forward(_ id: ChunkID, _ bytes: [UInt8], _ chain: UploadChain) async -> ChainResult {
        var result = ChainResult()
        var rest = chain.targets
        var settings = TransferSettings()
        settings.stallLimit = (chain.stallLimit ?? .seconds(3)) * 2 / 3
        while !rest.isEmpty {
            let next = rest.removeFirst()
            let request = ChunkUploadRequest(chunkID: id, length: bytes.count, chain: [next] + rest)
            var settings = settings
            settings.floor = (chain.floor ?? 0) / 4 * 5
            let slow = SlowRate()
            settings.givesUp = { slow.givesUp($0) }
            do {
                let settings = settings
                let answer = try await peers.withPeer(next) { peer in
                    try await peer.uploadChunk(request, settings: settings) { upload in
                        for start in stride(from: 0, to: bytes.count, by: 100_000) {
                            try await upload.send(ByteBuffer(bytes: bytes[start..<min(bytes.count, start + 100_000)]))
                        }
                    }
                }
                result.acknowledged[next] = answer.acknowledgement
                guard let behind = answer.chain else { continue }
                result.acknowledged.merge(behind.acknowledged) { $1 }
                result.failed.formUnion(behind.failed)
                result.slow.merge(behind.slow) { $1 }
                break
            } catch {
                result.failed.insert(next)
                result.slow[next] = slow.value
            }
        }
        return result
    }

    /// Takes any records for any open chunk.
    private func append(_ call: ServerCall) async throws {
        guard let first = try await call.receive(), let chunk = try AppendRequest(wire: first.segments).chunk else {
            return
        }
        let index = record.withLock { record in
            record.appends.append((chunk.chunkID, []))
            return record.appends.count - 1
        }
        while let message = try await call.receive() {
            let bytes = try AppendRequest(wire: message.segments).data.flatMap { Array($0.readableBytesView) }
            record.withLock { $0.appends[index].records.append(bytes) }
            if take(\.silentAppends) { try await standStill() }
            if let (end, error) = faults.withLock({ $0.appendEnd }) {
                for await _ in end {}
                throw error
            }
            try await call.send(AppendResponse())
        }
    }

    private func download(_ call: ServerCall) async throws {
        guard let id = try await call.receive(DownloadChunkRequest.self)?.chunkID, var bytes = contents(of: id) else {
            throw DFSError(.notFound, "no such chunk")
        }
        var metadata = Metadata()
        var offset = 0
        var length: Int?
        if isSwift {
            offset = try call.metadata.number(CallMetadata.offset, as: Int.self) ?? 0
            length = try call.metadata.number(CallMetadata.length, as: Int.self)
            guard offset <= bytes.count else { throw DFSError(.invalidArgument, "no byte \(offset)") }
            metadata.add(CallMetadata.offset, number: offset)
            let isMislabelled = take(\.mislabelledDownloads)
            metadata.add(CallMetadata.chunkLength, number: isMislabelled ? bytes.count + 1 : bytes.count)
            metadata.add(CallMetadata.chunkCRC32C, number: CRC32C.of(bytes))
        }
        record.withLock { record in
            record.downloads.append((id, offset, length))
            record.downloadWaiter?.finish()
        }
        call.sendInitialMetadata(metadata)
        if take(\.silentDownloads) { try await standStill() }
        let start = faults.withLock { faults in
            defer { faults.downloadStart = nil }
            return faults.downloadStart
        }
        if let start { for await _ in start {} }
        if take(\.corruptedDownloads), !bytes.isEmpty { bytes[bytes.count - 1] ^= 1 }
        let isRotten = take(\.rottenDownloads)
        let (isTruncated, isBroken) = (take(\.truncatedDownloads), take(\.brokenDownloads))
        let isStalled = take(\.stalledDownloads)
        let last = min(bytes.count, offset + min(length ?? .max, bytes.count))
        let end = isTruncated || isBroken || isStalled ? (offset + last) / 2 : last
        let encoder = ChunkDataEncoder(chunkID: id)
        let step = isSwift ? 100_000 : 65_536
        for start in stride(from: offset, to: end, by: step) {
            var piece = bytes[start..<min(start + step, end)]
            let checksum = isSwift ? CRC32C.of(piece) : 0
            if isRotten, start + step >= min(end, offset + 2 * step) { piece[piece.startIndex] ^= 1 }
            let segments = encoder.encode(data: ByteBuffer(bytes: piece), seqNo: 0, checksum: checksum)
            try await call.send(RPCMessage(segments: segments))
        }
        if isBroken { throw DFSError(.dataLoss, "the disk failed") }
        if isStalled { try await standStill() }
    }
}

/// The speed of a server that was given up for it.
private final class SlowRate: Sendable {
    private let rate = Mutex<Int?>(nil)

    @inline(never)
    var value: Int? { rate.withLock { $0 } }

    func givesUp(_ speed: LinkSpeed) -> Bool {
        if speed.isSlow { rate.withLock { $0 = speed.bytesPerSecond } }
        return speed.isSlow
    }
}
