import BenchSupport
import DFSCore
import DFSMetadata
import DFSServices
import DFSWire
import NIOCore
import RPC

/// One chunk server of a large cluster: it holds every chunk whose number leaves its own when divided by the number of servers,
/// and those of the server before it, so that each chunk has two replicas.
struct PlayedServer: Sendable {
    private static let pageCount = 2000

    let number: Int
    let servers: Int
    let files: Population

    init(number: Int, of servers: Int, files: Population) {
        self.number = number
        self.servers = servers
        self.files = files
    }

    private var address: String { "127.0.0.1:\(20_000 + number)" }

    static func chunkCount(of servers: Int, _ files: Population) -> Int { files.chunkCount / servers * 2 }

    private var held: [Int] {
        let previous = (number + servers - 1) % servers
        return (0..<files.chunkCount / servers).flatMap { [$0 * servers + number, $0 * servers + previous] }
    }

    private func held(_ chunk: Int) -> HeldChunk {
        let digest = Population.digest(of: chunk)
        return HeldChunk(
            chunkID: files.chunkID(chunk).text, isVerified: true, length: digest.length, crc32c: digest.crc32c)
    }

    private var heartbeat: InventoryRequest {
        InventoryRequest(serverAddress: address, nodeID: "node-\(number)", freeBytes: 1 << 40)
    }

    // MARK: Differences

    /// A full report, then differences in which chunks come and go.
    func sendDifferences(
        over channel: ClientChannel, _ beats: BeatClock, changesPerBeat: Int
    ) async throws -> ServerResult {
        try await channel.withCall(Methods.keepInventory) { call in
            var digest = try await sendReport(call)
            beats.noteReported()
            let start = await beats.start()
            var latencies = LatencyHistogram()
            var wanted = 0
            var isAway = false
            let changing = held.prefix(changesPerBeat).map { held($0) }
            let ids = try changing.map { try ChunkID($0.chunkID) }
            for moment in beats.moments(of: number) {
                try await sleep(until: start + .nanoseconds(moment))
                var request = heartbeat
                if isAway {
                    request.added = changing
                    for id in ids { digest.insert(id) }
                } else {
                    request.removed = ids.map(\.text)
                    for id in ids { digest.remove(id) }
                }
                isAway.toggle()
                request.note(digest)
                let sent = NIODeadline.now()
                try await call.send(request)
                if try await answer(call).wantsFullReport { wanted += 1 }
                latencies.add(nanoseconds: (NIODeadline.now() - sent).nanoseconds)
            }
            call.finishSending()
            while try await call.receive(InventoryResponse.self) != nil {}
            return .beats(latencies, fullReportsWanted: wanted)
        }
    }

    private func sendReport(_ call: ClientCall) async throws -> InventoryDigest {
        var digest = InventoryDigest(key: .init(low: UInt64(number), high: 1))
        let held = held
        for start in stride(from: 0, to: held.count, by: Self.pageCount) {
            let end = min(start + Self.pageCount, held.count)
            var request = heartbeat
            if start == 0 {
                request.begins = true
                (request.keyLow, request.keyHigh) = (digest.key.low, digest.key.high)
            }
            request.added = held[start..<end].map { self.held($0) }
            for chunk in request.added { digest.insert(try ChunkID(chunk.chunkID)) }
            request.isPartial = end < held.count
            if !request.isPartial { request.note(digest) }
            try await call.send(request)
            guard try await !answer(call).wantsFullReport else {
                throw DFSError(.internal, "the master did not count what server \(number) has told")
            }
        }
        return digest
    }

    /// The answer to what was sent; tasks that come meanwhile are not carried out.
    private func answer(_ call: ClientCall) async throws -> InventoryResponse {
        while let response = try await call.receive(InventoryResponse.self) {
            if response.isAnswer { return response }
        }
        throw DFSError(.unavailable, "the master ended the stream")
    }

    // MARK: Lists

    /// Reports of all, then a whole list with each heartbeat.
    func sendLists(over channel: ClientChannel, _ beats: BeatClock) async throws -> ServerResult {
        let held = held
        var options = CallOptions()
        options.maxSendMessageBytes = HeartbeatRequest.maxByteCount
        return try await channel.withCall(Methods.heartbeat, options) { call in
            let list = HeartbeatRequest(
                serverAddress: address, freeStorage: 1 << 20, chunks: held.map { files.chunkID($0).text })
            try await call.send(list)
            _ = try await call.receive(HeartbeatResponse.self)
            for start in stride(from: 0, to: held.count, by: Self.pageCount) {
                let digests = held[start..<min(start + Self.pageCount, held.count)].map { chunk in
                    let digest = Population.digest(of: chunk)
                    return ChunkDigest(
                        chunkID: files.chunkID(chunk).text, length: digest.length, crc32c: digest.crc32c)
                }
                let report = ReportRequest(serverAddress: address, nodeID: "node-\(number)", chunks: digests)
                _ = try await channel.unary(Methods.report, report, as: ReportResponse.self)
            }
            beats.noteReported()
            let start = await beats.start()
            var latencies = LatencyHistogram()
            for moment in beats.moments(of: number) {
                try await sleep(until: start + .nanoseconds(moment))
                let sent = NIODeadline.now()
                try await call.send(list)
                _ = try await call.receive(HeartbeatResponse.self)
                latencies.add(nanoseconds: (NIODeadline.now() - sent).nanoseconds)
            }
            call.finishSending()
            while try await call.receive(HeartbeatResponse.self) != nil {}
            return .beats(latencies, fullReportsWanted: 0)
        }
    }

    private func sleep(until moment: NIODeadline) async throws {
        let rest = (moment - NIODeadline.now()).nanoseconds
        if rest > 0 { try await Task.sleep(for: .nanoseconds(rest)) }
    }
}

extension InventoryRequest {
    fileprivate mutating func note(_ digest: InventoryDigest) {
        digestLow = digest.low
        digestHigh = digest.high
        count = digest.count
    }
}
