import DFSCore
import DFSMetadata
import DFSServices
import DFSWire
import RPC
import Synchronization

/// The heartbeat streams of all chunk servers, of both kinds: each heartbeat is answered once, and tasks are pushed between answers as
/// soon as they exist.
package final class HeartbeatManager: Sendable {
    private struct Streams {
        var byToken: [StreamToken: HeartbeatStream] = [:]
        var nextToken: UInt64 = 1
        var isStopping = false
    }

    private let streams = Mutex(Streams())

    package init() {}

    /// Sends `batch` on the stream; one that is gone is ignored.
    func deliver(_ batch: TaskBatch, on token: StreamToken) {
        streams.withLock { $0.byToken[token] }?.deliver(batch)
    }

    /// Ends all streams once what waits in them is sent: the master stops. Their servers come back to the next one.
    func stop() {
        let open = streams.withLock { streams in
            streams.isStopping = true
            return Array(streams.byToken.values)
        }
        for stream in open { stream.end() }
    }

    /// Serves one Heartbeat call.
    func serve(_ call: ServerCall, _ metadata: MetadataManager) async throws {
        try await serve(call, metadata, HeartbeatResponse.init) { stream in
            guard let request = try await call.receive(HeartbeatRequest.self) else { return nil }
            let report = try ServerReport(
                address: request.serverAddress, freeMiB: request.freeStorage, chunks: request.chunks, call)
            return (report.address, .heartbeat(report, stream))
        }
    }

    /// Serves one Inventory.Keep call.
    func serveInventory(_ call: ServerCall, _ metadata: MetadataManager, _ securePorts: SecurePorts) async throws {
        try await serve(call, metadata, InventoryResponse.init) { stream in
            guard let request = try await call.receive(InventoryRequest.self) else { return nil }
            let report = try InventoryReport(request, call)
            securePorts.note(report.address, port: request.tlsPort)
            return (report.address, .inventory(report, stream))
        }
    }

    /// - Parameter receive: the next heartbeat, and whose it is; `nil` at the end of the stream.
    private func serve(
        _ call: ServerCall, _ metadata: MetadataManager,
        _ respond: @escaping @Sendable (TaskBatch) -> some WireMessage,
        receive: @escaping @Sendable (StreamToken) async throws -> (ServerAddress, Input)?
    ) async throws {
        let stream = try open()
        defer { close(stream) }
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { [self] in
                // Wakes the reader too when the server can no longer be written to.
                defer { stream.end() }
                while let batch = await stream.next() {
                    try await call.send(respond(batch))
                    stream.noteSent(batch)
                }
                if streams.withLock({ $0.isStopping }) { throw Self.stopping }
            }
            tasks.addTask {
                defer { stream.end() }
                try await Self.read(stream, metadata, receive)
            }
            // The first that fails ends the other.
            while try await tasks.next() != nil {}
        }
    }

    private static let stopping = DFSError(.unavailable, "the master is stopping; open a new stream in a moment")

    /// Reads heartbeats until the server ends the stream, and waits for each answer before the next: when it returns, no
    /// response is due.
    private static func read(
        _ stream: HeartbeatStream, _ metadata: MetadataManager,
        _ receive: (StreamToken) async throws -> (ServerAddress, Input)?
    ) async throws {
        var address: ServerAddress?
        var hasLeft = false
        defer {
            if let address {
                metadata.post(
                    hasLeft ? .serverLeft(address, stream.token) : .heartbeatStreamEnded(address, stream.token))
            }
        }
        var heartbeats = 0
        while let (sender, input) = try await receive(stream.token) {
            address = sender
            metadata.post(input)
            heartbeats += 1
            await stream.waitUntilAnswered(heartbeats)
        }
        hasLeft = true
    }

    /// - Throws: ``DFSError`` of code ``DFSError/Code/unavailable`` while the master stops.
    private func open() throws(DFSError) -> HeartbeatStream {
        try streams.withLock { (streams) throws(DFSError) in
            if streams.isStopping { throw Self.stopping }
            let stream = HeartbeatStream(token: StreamToken(rawValue: streams.nextToken))
            streams.nextToken += 1
            streams.byToken[stream.token] = stream
            return stream
        }
    }

    private func close(_ stream: HeartbeatStream) {
        streams.withLock { $0.byToken[stream.token] = nil }
        stream.end()
    }
}

extension InventoryResponse {
    init(_ batch: TaskBatch) {
        let tasks = HeartbeatResponse(batch)
        self.init(
            replicationTasks: tasks.replicationTasks, deleteTasks: tasks.deleteTasks, isAnswer: batch.isAnswer,
            unwantedChunks: batch.unwanted.map(\.text), wantsFullReport: batch.wantsFullReport)
    }
}

extension HeartbeatResponse {
    init(_ batch: TaskBatch) {
        self.init(
            replicationTasks: batch.copies.map {
                ReplicationTask(chunkID: $0.chunk.text, targetAddress: $0.target.description)
            },
            deleteTasks: batch.deletions.map { DeleteTask(chunkID: $0.text) })
    }
}
