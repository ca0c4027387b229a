import DFSCore
import DFSServices
import DFSWire
import RPC
import Synchronization

/// A master in memory on a real socket, Swift or Go in manner: as much of one as a client can see.
final class TestMaster: Sendable {
    struct File: Sendable {
        var uploadID: String?
        var isComplete = false
        /// The upload that it was, and the request that began it.
        var completed: String?
        var request = ""
        /// Not 0: it is kept when it is let go of.
        var keepSeconds: UInt32 = 0
        var isHeld = true
        /// Chunks that are told of to a put that resumes it.
        var stored: [Int: OpenChunk] = [:]
        var chunks: [Int: (id: String, servers: [String])] = [:]
        var digests: [ChunkDigest] = []
    }

    struct State: Sendable {
        var files: [String: File] = [:]
        /// Addresses, first choice first.
        var servers: [String] = []
        /// Whether each chunk's first choice is another server.
        var rotates = false
        var abandoned: [String] = []
        /// Uploads that were said to be at work, once for each time.
        var renewed: [String] = []
        /// Answers that more may be known soon; counts down.
        var growingAnswers = 0
        var excluded: [[String]] = []
        /// Chunks that a Go master forgets right after it has allocated them.
        var loses: Set<String> = []
        /// Calls of any kind that fail with UNAVAILABLE; counts down.
        var unavailableCalls = 0
        /// Completes whose answer is lost after the file was sealed; counts down.
        var lostCompletes = 0
        /// Creates and Completes that are carried out and get no answer; each counts down.
        var withheldCreates = 0
        var withheldCompletes = 0
        /// Abandons and Opens get no answer.
        var isSilent = false
        /// Answers to OpenAppend, in order, of which the last one stays; and what was asked.
        var appendTargets: [OpenAppendResponse] = []
        var appends: [OpenAppendRequest] = []
        /// OpenAppends that get an error, or no answer where that is `nil`, by their numbers from 1 on; and who is told of each.
        var failedAppends: [Int: DFSError?] = [:]
        var appendWaiters: [Int: AsyncStream<Never>.Continuation] = [:]
        /// What is in folders, by path; the root is the empty path.
        var folders: [String: [FileStatus]] = [:]
        /// Folders that were listed.
        var listed: [String] = []
        /// Answers to CheckFiles and ListServers, in order, and what was asked.
        var checkPages: [CheckFilesResponse] = []
        var serverPages: [ListServersResponse] = []
        var checks: [CheckFilesRequest] = []
        var serverStarts: [UInt32] = []
        /// Replicas that readers have called damaged.
        var damage: [ReportDamageRequest] = []
        /// Whether readers are told digests.
        var tellsDigests = true
    }

    let isSwift: Bool
    let chunkSize: Int
    let replication: Int
    let state = Mutex(State())

    init(isSwift: Bool, chunkSize: Int, replication: Int) {
        self.isSwift = isSwift
        self.chunkSize = chunkSize
        self.replication = replication
    }

    var routes: ServiceRoutes {
        var routes = ServiceRoutes()
        routes.unary(Methods.allocateChunk) { [self] (request: AllocateChunkRequest, call) in
            try allocate(request, call.metadata)
        }
        routes.unary(Methods.getFileInfo) { [self] (request: GetFileInfoRequest, _) in try info(request) }
        guard isSwift else { return routes }
        routes.unary(Methods.describe) { (_: DescribeRequest, _) in
            DescribeResponse(role: "master", clusterID: "test-cluster")
        }
        routes.unary(Methods.create) { [self] (request: CreateRequest, _) in
            let response = try create(request)
            if take(\.withheldCreates) { try await standStill() }
            return response
        }
        routes.unary(Methods.complete) { [self] (request: CompleteRequest, _) in
            let response = try complete(request)
            if take(\.withheldCompletes) { try await standStill() }
            return response
        }
        routes.unary(Methods.uploadState) { [self] (request: UploadStateRequest, _) in try uploadState(request) }
        routes.unary(Methods.abandon) { [self] (request: AbandonRequest, _) in
            if state.withLock({ $0.isSilent }) { try await standStill() }
            return try abandon(request)
        }
        routes.unary(Methods.open) { [self] (request: OpenRequest, _) in
            if state.withLock({ $0.isSilent }) { try await standStill() }
            return try open(request)
        }
        routes.unary(Methods.openAppend) { [self] (request: OpenAppendRequest, _) in try await openAppend(request) }
        routes.unary(Methods.closeAppend) { (_: CloseAppendRequest, _) in CloseAppendResponse() }
        routes.unary(Methods.stat) { [self] (request: StatRequest, _) in try stat(request) }
        routes.unary(Methods.list) { [self] (request: ListRequest, _) in try list(request) }
        routes.unary(Methods.reportDamage) { [self] (request: ReportDamageRequest, _) in
            state.withLock { $0.damage.append(request) }
            return ReportDamageResponse()
        }
        routes.unary(Methods.checkFiles) { [self] (request: CheckFilesRequest, _) in
            state.withLock { state in
                state.checks.append(request)
                return state.checkPages.isEmpty ? CheckFilesResponse() : state.checkPages.removeFirst()
            }
        }
        routes.unary(Methods.listServers) { [self] (request: ListServersRequest, _) in
            state.withLock { state in
                state.serverStarts.append(request.start)
                return state.serverPages.isEmpty ? ListServersResponse() : state.serverPages.removeFirst()
            }
        }
        return routes
    }

    private func take(_ fault: WritableKeyPath<State, Int>) -> Bool {
        state.withLock { state in
            guard state[keyPath: fault] > 0 else { return false }
            state[keyPath: fault] -= 1
            return true
        }
    }

    private func openAppend(_ request: OpenAppendRequest) async throws -> OpenAppendResponse {
        let response = try state.withLock { state -> OpenAppendResponse? in
            state.appends.append(request)
            let number = state.appends.count
            state.appendWaiters[number]?.finish()
            if let error = state.failedAppends[number] {
                if let error { throw error }
                return nil
            }
            guard let target = state.appendTargets.first else { throw DFSError(.notFound, "no such file") }
            if state.appendTargets.count > 1 { state.appendTargets.removeFirst() }
            return target
        }
        if response == nil { try await standStill() }
        return response ?? OpenAppendResponse()
    }

    private func stat(_ request: StatRequest) throws -> StatResponse {
        try state.withLock { state in
            if let file = state.files[request.path], file.isComplete {
                return StatResponse(
                    node: FileStatus(
                        name: request.path, length: file.digests.reduce(0) { $0 + $1.length },
                        replication: UInt32(replication), chunkCount: UInt32(file.chunks.count)))
            }
            if state.folders[request.path] != nil {
                return StatResponse(node: FileStatus(name: request.path, isFolder: true))
            }
            let parts = request.path.split(separator: "/", omittingEmptySubsequences: false)
            let folder = parts.dropLast().joined(separator: "/")
            guard let node = state.folders[folder]?.first(where: { $0.name == parts.last ?? "" }) else {
                throw DFSError(.notFound, "nothing at \(request.path)")
            }
            return StatResponse(node: node)
        }
    }

    /// Two entries a page.
    private func list(_ request: ListRequest) throws -> ListResponse {
        try state.withLock { state in
            state.listed.append(request.folder)
            guard let nodes = state.folders[request.folder] else { throw DFSError(.notFound, "no such folder") }
            let rest = nodes.drop { !request.after.isEmpty && $0.name != request.after }
                .dropFirst(request.after.isEmpty ? 0 : 1)
            return ListResponse(nodes: Array(rest.prefix(2)), hasMore: rest.count > 2)
        }
    }

    private func checkAvailable(_ state: inout State) throws {
        guard state.unavailableCalls > 0 else { return }
        state.unavailableCalls -= 1
        throw DFSError(.unavailable, "starting")
    }

    private func create(_ request: CreateRequest) throws -> CreateResponse {
        try state.withLock { state in
            try checkAvailable(&state)
            let id: String
            if let file = state.files[request.name], file.uploadID != nil, file.request == request.requestID {
                id = file.uploadID ?? ""
            } else if let file = state.files[request.name] {
                guard let upload = file.uploadID, file.keepSeconds > 0, request.keepSeconds > 0, !file.isHeld else {
                    throw DFSError(.alreadyExists, "\(request.name) exists")
                }
                id = upload
                state.files[request.name]?.isHeld = true
                state.files[request.name]?.request = request.requestID
            } else {
                let number = state.abandoned.count
                id = "upload of \(request.name)" + (number == 0 ? "" : " again")
                state.files[request.name] = File(
                    uploadID: id, request: request.requestID, keepSeconds: request.keepSeconds)
            }
            return CreateResponse(
                uploadID: id, chunkSize: UInt64(bitPattern: Int64(chunkSize)), replication: UInt32(replication))
        }
    }

    private func allocate(_ request: AllocateChunkRequest, _ metadata: Metadata) throws -> AllocateChunkResponse {
        try state.withLock { state in
            try checkAvailable(&state)
            let index = Int(request.chunkIndex)
            if !isSwift, state.files[request.fileName]?.chunks[index] != nil {
                throw RPCError(.unknown, " chunk already exists ")
            }
            var file = state.files[request.fileName] ?? File()
            if isSwift, metadata.first(CallMetadata.upload) != file.uploadID || file.uploadID == nil {
                throw DFSError(.notFound, "no such upload")
            }
            let excluded = metadata.first(CallMetadata.exclude)?.split(separator: ",").map(String.init) ?? []
            state.excluded.append(excluded)
            let kept = file.chunks[index]?.servers.filter { !excluded.contains($0) } ?? []
            let start = state.rotates ? index % max(1, state.servers.count) : 0
            let servers = state.servers[start...] + state.servers[..<start]
            let others = servers.filter { !excluded.contains($0) && !kept.contains($0) }
            let chosen = Array((kept + others).prefix(replication))
            guard chosen.count == replication else {
                state.files[request.fileName] = file
                throw isSwift
                    ? RPCError(DFSError(.resourceExhausted, "too few chunk servers"))
                    : RPCError(.unknown, " server count criteria not met ")
            }
            let name = request.fileName.replacing("/", with: "%2F")
            let id = file.chunks[index]?.id ?? "\(isSwift ? "id." : "")\(name)_\(index)"
            file.chunks[index] = (id, state.loses.contains(id) ? [] : chosen)
            state.files[request.fileName] = file
            return AllocateChunkResponse(chunkID: id, replicaServers: chosen)
        }
    }

    private func info(_ request: GetFileInfoRequest) throws -> GetFileInfoResponse {
        try state.withLock { state in
            try checkAvailable(&state)
            guard let file = state.files[request.fileName] else { throw RPCError(.unknown, "file does not exist") }
            // In no order, as Go's maps are.
            let chunks = file.chunks.values.map { FileChunkInfo(chunkID: $0.id, replicaServers: $0.servers) }
            return GetFileInfoResponse(fileInfo: chunks)
        }
    }

    private func complete(_ request: CompleteRequest) throws -> CompleteResponse {
        try state.withLock { state in
            try checkAvailable(&state)
            guard let (name, found) = state.files.first(where: { $0.value.uploadID == request.uploadID }),
                !found.isComplete
            else { throw DFSError(.notFound, "no such upload") }
            var file = found
            file.isComplete = true
            (file.completed, file.uploadID) = (file.uploadID, nil)
            file.digests = request.chunks
            for (index, replicas) in request.replicas.enumerated() { file.chunks[index]?.servers = replicas.servers }
            state.files[name] = file
            if state.lostCompletes > 0 {
                state.lostCompletes -= 1
                throw DFSError(.unavailable, "the answer was lost")
            }
            return CompleteResponse()
        }
    }

    private func uploadState(_ request: UploadStateRequest) throws -> UploadStateResponse {
        try state.withLock { state in
            if request.renews {
                state.renewed.append(request.uploadID)
                return UploadStateResponse()
            }
            if state.growingAnswers > 0 {
                state.growingAnswers -= 1
                return UploadStateResponse(keepSeconds: 1, mayGrow: true)
            }
            guard let file = state.files.values.first(where: { $0.uploadID == request.uploadID }) else {
                throw DFSError(.notFound, "no such upload")
            }
            return UploadStateResponse(
                keepSeconds: file.keepSeconds, allocatedCount: UInt32(file.chunks.count),
                chunks: file.stored.sorted { $0.key < $1.key }.map(\.value))
        }
    }

    private func abandon(_ request: AbandonRequest) throws -> AbandonResponse {
        try state.withLock { state in
            if request.keeps {
                for (name, file) in state.files where file.uploadID == request.uploadID {
                    state.files[name]?.isHeld = false
                }
                return AbandonResponse()
            }
            guard !state.files.values.contains(where: { $0.completed == request.uploadID }) else {
                throw DFSError(.failedPrecondition, "it is complete already")
            }
            state.abandoned.append(request.uploadID)
            state.files = state.files.filter { $0.value.uploadID != request.uploadID }
            return AbandonResponse()
        }
    }

    private func open(_ request: OpenRequest) throws -> OpenResponse {
        try state.withLock { state in
            try checkAvailable(&state)
            guard let file = state.files[request.name], file.isComplete else {
                throw DFSError(.notFound, "no file \(request.name)")
            }
            let chunks = file.digests.enumerated().map { index, digest in
                OpenChunk(
                    digest: state.tellsDigests ? digest : ChunkDigest(chunkID: digest.chunkID),
                    digestKnown: state.tellsDigests, version: 1, servers: file.chunks[index]?.servers ?? [])
            }
            let length = file.digests.reduce(0) { $0 + $1.length }
            return OpenResponse(length: length, chunkSize: UInt64(bitPattern: Int64(chunkSize)), chunks: chunks)
        }
    }
}
