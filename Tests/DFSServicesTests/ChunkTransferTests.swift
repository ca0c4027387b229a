import DFSCore
import DFSServices
import DFSWire
import NIOCore
import RPC
import Synchronization
import Testing

@Suite struct ChunkTransferTests {
    private let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    private var chunkID: ChunkID { get throws { try ChunkID("a.00ff_1") } }

    // MARK: Upload

    /// Stores what arrives; without `isSwift` it knows no Describe, as a Go server.
    private func upload(
        isSwift: Bool, _ pieces: [ByteBuffer], answer: [UploadChunkStatus] = [UploadChunkStatus(success: true)]
    ) async throws -> (ChunkAcknowledgement, frames: [ChunkDataFrame], metadata: Metadata) {
        let received = Mutex<([ChunkDataFrame], Metadata)>(([], [:]))
        let id = try chunkID
        let addRoutes = { (routes: inout ServiceRoutes) in
            if isSwift { routes.unary(Methods.describe) { (_: DescribeRequest, _) in DescribeResponse() } }
            routes.streaming(Methods.uploadChunk) { call in
                received.withLock { $0.1 = call.metadata }
                while let message = try await call.receive() {
                    let frame = try ChunkDataDecoder.decode(message.segments)
                    received.withLock { $0.0.append(frame) }
                }
                for status in answer { try await call.send(status) }
            }
        }
        let acknowledgement = try await withServer(addRoutes) { peer in
            try await peer.uploadChunk(ChunkUploadRequest(chunkID: id, length: 300_000, crc32c: 7)) { upload in
                for piece in pieces { try await upload.send(piece, crc32c: CRC32C.of(piece.readableBytesView)) }
            }
        }
        let (frames, metadata) = received.withLock { $0 }
        return (acknowledgement.acknowledgement, frames, metadata)
    }

    @Test func swiftServerGetsWholePiecesWithChecksums() async throws {
        let pieces = [ByteBuffer(bytes: bytes[..<200_000]), ByteBuffer(bytes: bytes[200_000...])]
        let (acknowledgement, frames, metadata) = try await upload(isSwift: true, pieces)
        #expect(acknowledgement == .durable)
        #expect(frames.map(\.dataByteCount) == [200_000, 100_000])
        #expect(frames.allSatisfy { $0.checksum == $0.computedChecksum && $0.chunkID == "a.00ff_1" })
        #expect(frames.map(\.seqNo) == [0, 1])
        #expect(metadata.first("dfs-length") == "300000" && metadata.first("dfs-crc32c") == "7")
    }

    @Test func goServerGetsAtMost64KiBInAMessage() async throws {
        let (acknowledgement, frames, _) = try await upload(isSwift: false, [ByteBuffer(bytes: bytes)])
        #expect(acknowledgement == .syncedUnverified)
        #expect(frames.map(\.dataByteCount) == [65_536, 65_536, 65_536, 65_536, 37_856])
        #expect(frames.allSatisfy { $0.checksum == 0 })
        #expect(frames.map(\.seqNo) == [0, 1, 2, 3, 4])
        #expect(frames.flatMap { $0.data.flatMap { Array($0.readableBytesView) } } == bytes)
    }

    @Test(arguments: [true, false])
    func emptyChunkIsOneMessageWithoutData(_ isSwift: Bool) async throws {
        let (_, frames, _) = try await upload(isSwift: isSwift, [])
        #expect(frames == [ChunkDataFrame(chunkID: "a.00ff_1")])
    }

    @Test(arguments: [
        [], [UploadChunkStatus(success: false)], Array(repeating: UploadChunkStatus(success: true), count: 2),
    ])
    func anyOtherAnswerThanOneSuccessIsAFailure(_ answer: [UploadChunkStatus]) async throws {
        let code = await failureCode { _ = try await upload(isSwift: true, [ByteBuffer(bytes: bytes)], answer: answer) }
        #expect(code == .dataLoss)
    }

    @Test(.timeLimit(.minutes(1))) func serverThatTakesNothingIsGivenUp() async throws {
        var settings = TransferSettings()
        settings.stallLimit = .milliseconds(200)
        let id = try chunkID
        let isStalled = { @Sendable (call: ServerCall) in try await standStill() }
        let code = try await withServer({ $0.streaming(Methods.uploadChunk, isStalled) }) { [settings] peer in
            await failureCode {
                _ = try await peer.uploadChunk(ChunkUploadRequest(chunkID: id), settings: settings) { upload in
                    while true { try await upload.send(ByteBuffer(repeating: 1, count: 1 << 20)) }
                }
            }
        }
        #expect(code == .deadlineExceeded)
    }

    @Test(.timeLimit(.minutes(1))) func serverThatTakesTooLittleIsGivenUpByName() async throws {
        var settings = TransferSettings()
        settings.stallLimit = .seconds(3)
        settings.floor = 100 << 20
        let id = try chunkID
        let trickle = { @Sendable (call: ServerCall) in
            while try await call.receive() != nil { try await Task.sleep(for: .milliseconds(100)) }
        }
        let message = try await withServer({ $0.streaming(Methods.uploadChunk, trickle) }) { [settings] peer in
            do {
                _ = try await peer.uploadChunk(ChunkUploadRequest(chunkID: id), settings: settings) { upload in
                    while true { try await upload.send(ByteBuffer(repeating: 1, count: 1 << 20)) }
                }
                return ""
            } catch {
                return DFSError(error, from: "test").message
            }
        }
        #expect(message.contains("test server 127.0.0.1:") && message.contains("KiB a second"))
        #expect(message.contains("102400 KiB of the floor"))
    }

    @Test func chainTellsWhoWasSlowAndHowSlow() throws {
        let addresses = try ["h:1", "[::1]:2", "h:3"].map { try ServerAddress($0) }
        var result = ChainResult()
        result.acknowledged = [addresses[0]: .durable]
        result.failed = [addresses[1], addresses[2]]
        result.slow = [addresses[1]: 200_000, addresses[2]: 0]
        #expect(try ChainResult(trailers: result.metadata) == result)
        for text in ["h:1", "h:1=", "h:1=-1", "=5", "h:1=x"] {
            var metadata = ChainResult().metadata
            metadata.add(CallMetadata.durable, addresses: [addresses[0]])
            metadata.add(CallMetadata.slow, text)
            #expect(throws: DFSError.self) { try ChainResult(trailers: metadata) }
        }
    }

    @Test(.timeLimit(.minutes(1))) func serverThatNeverAcknowledgesIsGivenUp() async throws {
        var settings = TransferSettings()
        settings.acknowledgementLimit = .milliseconds(200)
        let id = try chunkID
        let isStalled = { @Sendable (call: ServerCall) in try await standStill() }
        let code = try await withServer({ $0.streaming(Methods.uploadChunk, isStalled) }) { [settings] peer in
            await failureCode {
                _ = try await peer.uploadChunk(ChunkUploadRequest(chunkID: id), settings: settings) { _ in }
            }
        }
        #expect(code == .deadlineExceeded)
    }

    /// A server that answers Describe only so often, and the upload when `answers` says so.
    private func uploadTo(
        describes: Int, settings: TransferSettings, _ answers: @escaping @Sendable () async throws -> Void
    ) async throws -> DFSError.Code? {
        let left = Atomic<Int>(describes)
        let id = try chunkID
        let addRoutes = { (routes: inout ServiceRoutes) in
            routes.unary(Methods.describe) { (_: DescribeRequest, _) in
                if left.subtract(1, ordering: .relaxed).oldValue <= 0 { try await standStill() }
                return DescribeResponse()
            }
            routes.streaming(Methods.uploadChunk) { call in
                while try await call.receive() != nil {}
                try await answers()
                try await call.send(UploadChunkStatus(success: true))
            }
        }
        return try await withServer(addRoutes) { peer in
            await failureCode {
                _ = try await peer.uploadChunk(ChunkUploadRequest(chunkID: id), settings: settings) { _ in }
            }
        }
    }

    /// A Go node has the address of one of ours since that was asked what it is.
    @Test func anAnswerThatSaysNothingOfTheChainMayBeAGoNodes() async throws {
        let asked = Atomic<Int>(0)
        let id = try chunkID
        let addRoutes = { (routes: inout ServiceRoutes) in
            routes.unary(Methods.describe) { (_: DescribeRequest, _) in
                let isOurs = asked.add(1, ordering: .relaxed).oldValue == 0
                guard isOurs else { throw RPCError(.unimplemented, "unknown service dfs.Node") }
                return DescribeResponse()
            }
            routes.streaming(Methods.uploadChunk) { call in
                while try await call.receive() != nil {}
                try await call.send(UploadChunkStatus(success: true))
            }
        }
        let answer = try await withServer(addRoutes) { peer in
            try await peer.uploadChunk(ChunkUploadRequest(chunkID: id, chain: [peer.address])) { _ in }
        }
        #expect(answer.acknowledgement == .syncedUnverified && answer.chain == nil)
    }

    @Test(.timeLimit(.minutes(1))) func frozenServerIsNotWaitedForAsLongAsOneThatSyncs() async throws {
        var settings = TransferSettings()
        settings.silenceLimit = .milliseconds(200)
        let code = try await uploadTo(describes: 1, settings: settings) { try await standStill() }
        #expect(code == .deadlineExceeded)
    }

    @Test(.timeLimit(.minutes(1))) func serverThatSyncsForLongIsWaitedForWhileItIsAlive() async throws {
        var settings = TransferSettings()
        settings.silenceLimit = .milliseconds(400)
        let code = try await uploadTo(describes: .max, settings: settings) { try await Task.sleep(for: .seconds(2)) }
        #expect(code == nil)
    }

    // MARK: Download

    /// What a server does with a download, beside sending `bytes` in pieces of 50,000 bytes.
    struct ServerBehaviour: Sendable {
        var heedsRange = true
        var tellsChunk = true
        var stopsAfter = Int.max
        var sendsMore = false
        var breaksChecksum = false
        var chunkID = "a.00ff_1"
        var stalls = false
        var error: DFSError?
    }

    private func download(
        offset: Int = 0, length: Int? = nil, _ behaviour: ServerBehaviour, settings: TransferSettings = .init()
    ) async throws -> (bytes: [UInt8], stored: StoredChunk?) {
        let id = try chunkID
        let addRoutes = { [bytes] (routes: inout ServiceRoutes) in
            routes.streaming(Methods.downloadChunk) { call in try await serve(bytes, behaviour, call) }
        }
        return try await withServer(addRoutes) { peer in
            let request = ChunkDownloadRequest(chunkID: id, offset: offset, length: length)
            return try await peer.downloadChunk(request, settings: settings) { download in
                var result: [UInt8] = []
                while let piece = try await download.next() {
                    let data = piece.data.flatMap { Array($0.readableBytesView) }
                    #expect(piece.byteCount == data.count && piece.crc32c == CRC32C.of(data))
                    result += data
                }
                return (result, download.stored)
            }
        }
    }

    @Test(
        arguments: [true, false],
        [(0, nil), (1, nil), (99_999, 2), (100_000, 50_000), (299_999, 1), (7, 0), (300_000, nil)] as [(Int, Int?)])
    func anyRangeIsReadFromAnyServer(_ heedsRange: Bool, _ range: (Int, Int?)) async throws {
        let behaviour = ServerBehaviour(heedsRange: heedsRange, tellsChunk: heedsRange)
        let (result, stored) = try await download(offset: range.0, length: range.1, behaviour)
        let end = range.1.map { range.0 + $0 } ?? bytes.count
        #expect(result == Array(bytes[range.0..<end]))
        #expect(stored == (heedsRange ? StoredChunk(length: bytes.count, crc32c: CRC32C.of(bytes)) : nil))
    }

    @Test func streamThatEndsTooEarlyIsAFailure() async throws {
        let told = ServerBehaviour(stopsAfter: 100_000)
        #expect(await failureCode { _ = try await download(told) } == .dataLoss)
        let asked = ServerBehaviour(heedsRange: false, tellsChunk: false, stopsAfter: 100_000)
        #expect(await failureCode { _ = try await download(length: 100_001, asked) } == .dataLoss)
        #expect(await failureCode { _ = try await download(offset: 100_001, asked) } == .dataLoss)
    }

    @Test func streamThatGoesOnTooLongIsAFailure() async throws {
        #expect(await failureCode { _ = try await download(ServerBehaviour(sendsMore: true)) } == .dataLoss)
    }

    @Test func bytesThatDoNotMatchTheirChecksumAreAFailure() async throws {
        #expect(await failureCode { _ = try await download(ServerBehaviour(breaksChecksum: true)) } == .dataLoss)
    }

    @Test func bytesOfAnotherChunkAreAFailure() async throws {
        #expect(await failureCode { _ = try await download(ServerBehaviour(chunkID: "b_0")) } == .dataLoss)
    }

    @Test func errorBehindTheDataIsAFailure() async throws {
        let behaviour = ServerBehaviour(error: DFSError(.dataLoss, "disk failed"))
        #expect(await failureCode { _ = try await download(behaviour) } == .dataLoss)
    }

    @Test(.timeLimit(.minutes(1))) func serverThatSendsNothingMoreIsGivenUp() async throws {
        var settings = TransferSettings()
        settings.stallLimit = .milliseconds(200)
        let behaviour = ServerBehaviour(stopsAfter: 50_000, stalls: true)
        #expect(await failureCode { _ = try await download(behaviour, settings: settings) } == .deadlineExceeded)
    }
}

private func serve(_ bytes: [UInt8], _ behaviour: ChunkTransferTests.ServerBehaviour, _ call: ServerCall) async throws {
    _ = try await call.receive(DownloadChunkRequest.self)
    var metadata = Metadata()
    var range = 0..<bytes.count
    if behaviour.heedsRange {
        let offset = try call.metadata.number(CallMetadata.offset, as: Int.self) ?? 0
        let length = try call.metadata.number(CallMetadata.length, as: Int.self) ?? bytes.count - offset
        metadata.add(CallMetadata.offset, number: offset)
        range = offset..<(offset + length)
    }
    if behaviour.tellsChunk {
        metadata.add(CallMetadata.chunkLength, number: bytes.count)
        metadata.add(CallMetadata.chunkCRC32C, number: CRC32C.of(bytes))
    }
    call.sendInitialMetadata(metadata)
    let encoder = ChunkDataEncoder(chunkID: behaviour.chunkID)
    var sent = 0
    for start in stride(from: range.lowerBound, to: range.upperBound, by: 50_000) where sent < behaviour.stopsAfter {
        let piece = bytes[start..<min(start + 50_000, range.upperBound)]
        let checksum = behaviour.breaksChecksum ? 1 : CRC32C.of(piece)
        let segments = encoder.encode(data: ByteBuffer(bytes: piece), seqNo: 0, checksum: checksum)
        try await call.send(RPCMessage(segments: segments))
        sent += piece.count
    }
    if behaviour.sendsMore {
        let segments = encoder.encode(data: ByteBuffer(bytes: [1]), seqNo: 0, checksum: 0)
        try await call.send(RPCMessage(segments: segments))
    }
    if behaviour.stalls { try await standStill() }
    if let error = behaviour.error { throw error }
}
