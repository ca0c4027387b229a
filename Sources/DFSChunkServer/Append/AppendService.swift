import DFSCore
import DFSServices
import DFSWire
import RPC

/// Answers Append: each record when every server of its chunk has it on its disk, in order.
struct AppendService: Sendable {
    let primaries: Primaries
    let stallLimit: Duration

    func add(to routes: inout ServiceRoutes) {
        let maxReceive = AppendSettings.maxRecordSize + (64 << 10)
        routes.streaming(Methods.append, maxReceive: maxReceive) { call in
            try await StallWatch.run(limit: stallLimit, on: call.eventLoop) { watch in try await append(call, watch) }
        }
    }

    private func append(_ call: ServerCall, _ watch: StallWatch) async throws {
        guard let opening = try await watch.waiting({ try await call.receive() }),
            let named = try AppendRequest(wire: opening.segments).chunk
        else {
            throw DFSError(.invalidArgument, "an append begins with a request that names its chunk")
        }
        let primary = try await primaries.primary(ChunkID(named.chunkID), version: named.version)
        call.sendInitialMetadata([:])
        let caller = AppendCaller()
        primary.enter(caller)
        defer { primary.leave(caller) }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                await read(call, caller, primary)
                return false
            }
            group.addTask {
                while let place = try await caller.next(primary) {
                    try await watch.waiting { try await call.send(AppendResponse(offset: UInt64(place.offset))) }
                }
                return true
            }
            // The answers end the call: what was taken before an error is still answered.
            while let isAnswered = try await group.next(), !isAnswered {}
        }
    }

    private func read(_ call: ServerCall, _ caller: AppendCaller, _ primary: PrimaryChunk) async {
        do {
            while let message = try await call.receive() {
                let record = try record(in: AppendRequest(wire: message.segments))
                await caller.push(try await primary.submit(record))
            }
            caller.finish(.success(()))
        } catch {
            caller.finish(.failure(DFSError(error, from: "the client")))
        }
    }

    private func record(in request: AppendRequest) throws -> AppendRecord {
        guard let id = request.recordID else {
            throw DFSError(.invalidArgument, "a record has no id; draw \(RecordID.byteCount) bytes for it")
        }
        let byteCount = request.data.reduce(0) { $0 + $1.readableBytes }
        guard (1...AppendSettings.maxRecordSize).contains(byteCount) else {
            throw DFSError(
                .invalidArgument, "a record has \(byteCount) bytes; send 1 to \(AppendSettings.maxRecordSize)")
        }
        guard request.data.checksum == request.crc32c else {
            throw DFSError(.dataLoss, "a record arrived damaged; send it again", advice: .retrySamePeer)
        }
        return AppendRecord(id: id, data: request.data, byteCount: byteCount, crc32c: request.crc32c)
    }
}
