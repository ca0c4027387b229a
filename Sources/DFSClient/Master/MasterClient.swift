import DFSCore
import DFSServices
import DFSWire
import Logging
import RPC

/// The master as a client sees it, Swift or Go.
public final class MasterClient: Sendable {
    let peer: Peer
    let context: ClientContext
    let uploadsAtWork = UploadsAtWork()

    init(context: ClientContext) {
        self.context = context
        peer = context.master
    }

    /// Says what a file consists of and who holds it.
    ///
    /// - Throws: ``DFSError`` of code `notFound`, or `unavailable` while a chunk has no complete replica.
    public func open(_ name: String) async throws -> FileLayout {
        let name = try FileName(name)
        return try await isSwift() ? openOnSwift(name) : openOnGo(name)
    }

    /// Opens `name` for writing; under a Go master that asks nobody, and refuses attributes.
    func create(_ name: FileName, _ options: PutOptions) async throws(DFSError) -> FileUpload {
        guard try await isSwift() else {
            guard options.attributes.isEmpty else { throw cannot("keep attributes") }
            guard options.resumeKeep == nil else { throw cannot("keep interrupted uploads") }
            return FileUpload(name: name, id: nil, chunkSize: ClusterDefaults.chunkSize)
        }
        let request = CreateRequest(
            name: name.text, replication: UInt32(clamping: options.replication ?? 0),
            replaces: options.replacesExisting,
            requestID: Self.requestID(), attributes: options.attributes.wire, keepSeconds: try options.keepSeconds())
        let response: CreateResponse
        do {
            response = try await call(Methods.create, request, as: CreateResponse.self)
        } catch {
            // Also for a cancelled put, whose own task makes no more calls.
            if error.code == .cancelled || error.code == .deadlineExceeded {
                await Task { await takeBack(request) }.value
            }
            throw error
        }
        let chunkSize = try FileUpload.checked(chunkSize: response.chunkSize, from: peer.name)
        return FileUpload(
            name: name, id: response.uploadID, chunkSize: chunkSize, replication: Int(response.replication))
    }

    /// Asks where chunk `index` shall go.
    ///
    /// - Parameter excluding: servers that failed; a Swift master does not name them again.
    func allocate(
        _ upload: FileUpload, index: Int, excluding: [ServerAddress] = []
    ) async throws(DFSError) -> ChunkAllocation {
        guard let number = Int32(exactly: index) else {
            throw DFSError(.invalidArgument, "\(upload.name) would have more than 2^31 chunks")
        }
        var metadata = Metadata()
        if let id = upload.id { metadata.add(CallMetadata.upload, id) }
        metadata.add(CallMetadata.exclude, addresses: excluding)
        if let location = context.location { metadata.add(CallMetadata.location, location.description) }
        let request = AllocateChunkRequest(fileName: upload.name.text, chunkIndex: number)
        let response: AllocateChunkResponse
        do {
            response = try await call(
                Methods.allocateChunk, request, as: AllocateChunkResponse.self, metadata: metadata,
                isRepeatable: upload.id != nil)
        } catch {
            throw upload.id == nil ? Self.explained(error, upload.name) : Self.lost(error)
        }
        let servers = response.replicaServers.compactMap { try? ServerAddress($0) }
        guard !servers.isEmpty, servers.count == Set(response.replicaServers).count else {
            throw DFSError(.dataLoss, "\(peer.name) gave no usable servers: \(response.replicaServers)")
        }
        return ChunkAllocation(chunkID: try ChunkID(response.chunkID), servers: servers)
    }

    /// A Go master's errors name nothing.
    private static func explained(_ error: DFSError, _ name: FileName) -> DFSError {
        switch error.code {
        case .alreadyExists:
            DFSError(.alreadyExists, "the Go master has a file \(quoted(name.text)) already; choose another name")
        case .resourceExhausted:
            DFSError(.resourceExhausted, "the Go master has too few live chunk servers with room for a chunk")
        default: error
        }
    }

    /// Seals the file: it is durable and visible when this returns. A Go master is asked whether it knows all chunks.
    func complete(_ upload: FileUpload, _ chunks: [WrittenChunk]) async throws(DFSError) {
        guard let id = upload.id else { return try await confirmOnGo(upload, chunks) }
        let request = CompleteRequest(
            uploadID: id,
            chunks: chunks.map {
                ChunkDigest(chunkID: $0.chunkID.text, length: UInt64($0.length), crc32c: $0.crc32c)
            },
            replicas: chunks.map { ChunkReplicas(servers: $0.servers.map(\.description)) })
        do {
            _ = try await call(Methods.complete, request, as: CompleteResponse.self)
        } catch  where error.code == .notFound || error.code == .failedPrecondition {
            // A first attempt whose answer was lost may have sealed it; then the upload is no more.
            guard let sealed = try? await openOnSwift(upload.name),
                sealed.chunks.map(\.id) == chunks.map(\.chunkID.text)
            else { throw Self.lost(error) }
        }
    }

    /// Gives the upload up, so that its name is free at once. Best effort: the master does it later by itself.
    ///
    /// - Parameter keeps: lets go of it for a later put to resume; then the master does not say whether it is complete.
    /// - Returns: why the master did not, such as `failedPrecondition` where the file is complete; `nil` where it did.
    @discardableResult
    func abandon(_ upload: FileUpload, keeps: Bool = false) async -> DFSError.Code? {
        guard let id = upload.id else { return nil }
        let options = CallOptions(timeout: Self.farewellLimit)
        do {
            _ = try await peer.unary(
                Methods.abandon, AbandonRequest(uploadID: id, keeps: keeps), as: AbandonResponse.self, options: options)
            return nil
        } catch {
            context.logger.debug("the upload was not abandoned", metadata: ["error": "\(error)"])
            return error.code
        }
    }

    /// Says that a chunk server gave wrong bytes of a chunk. Best effort, and only to a master of ours, which has the replica
    /// checked.
    func reportDamage(_ chunk: String, at server: String) async {
        do {
            // The reader waits for this.
            guard try await peer.kind(timeout: .seconds(2)).isSwift else { return }
            let options = CallOptions(timeout: .seconds(2))
            _ = try await peer.unary(
                Methods.reportDamage, ReportDamageRequest(chunkID: chunk, server: server),
                as: ReportDamageResponse.self, options: options)
        } catch {
            context.logger.debug("damage was not reported", metadata: ["chunk": "\(chunk)", "error": "\(error)"])
        }
    }

    func close() async {
        await peer.channel.close()
    }

    func isSwift() async throws(DFSError) -> Bool { try await kind().isSwift }

    /// The id of the master's cluster, as it said when it was asked what it is; empty under a Go master.
    func clusterID() async throws(DFSError) -> String {
        guard case .swift(let description) = try await kind() else { return "" }
        return description.clusterID
    }

    /// What the master is: the first question over each connection, asked again while nobody listens there, since a master that
    /// is restarted is away for a moment. One that has never answered is found out sooner than in the middle of a transfer.
    private func kind() async throws(DFSError) -> PeerKind {
        let configuration = context.configuration
        let limit = peer.lastKind != nil ? configuration.masterLimit : configuration.connectLimit
        do {
            return try await askAgain(for: limit) { end throws(DFSError) in try await peer.kind(timeout: end - .now) }
        } catch  where error.code == .deadlineExceeded || error.code == .unavailable {
            throw DFSError(.unavailable, "the master does not answer: \(error.message)")
        }
    }

    /// A call that is made again while the master is away, as long as ``ClientConfiguration/masterLimit``.
    ///
    /// - Parameters:
    ///   - isRepeatable: asking twice does the same as asking once.
    ///   - limit: another time than that.
    func call<Request: WireMessage, Response: WireMessage>(
        _ path: MethodPath, _ request: Request, as type: Response.Type, metadata: Metadata = [:],
        isRepeatable: Bool = true, within limit: Duration? = nil
    ) async throws(DFSError) -> Response {
        let limit = limit ?? context.configuration.masterLimit
        return try await askAgain(for: limit, isRepeatable: isRepeatable) { end throws(DFSError) in
            let options = CallOptions(metadata: metadata, timeout: end - .now, waitForReady: true)
            return try await peer.unary(path, request, as: type, options: options)
        }
    }

    /// Runs `ask` again, with longer and longer pauses, while the master is unavailable and its time is not over.
    ///
    /// - Parameter ask: takes when the time is over.
    private func askAgain<Response>(
        for limit: Duration, isRepeatable: Bool = true,
        _ ask: (ContinuousClock.Instant) async throws(DFSError) -> Response
    ) async throws(DFSError) -> Response {
        let end = ContinuousClock.now + limit
        var pause = Duration.milliseconds(100)
        while true {
            do {
                return try await ask(end)
            } catch  where error.code == .unavailable && isRepeatable && .now + pause < end {
                context.logger.debug("asking the master again", metadata: ["error": "\(error)"])
            }
            do {
                try await Task.sleep(for: pause)
            } catch {
                throw DFSError(error, from: peer.name)
            }
            pause = min(pause * 2, .seconds(1))
        }
    }
}
