import DFSCore

// AllocateChunk, for both kinds of clients.
extension MasterState {
    /// Indexes this far beyond the last one are refused: writers allocate nearly in order.
    private static let maxIndexGap = 1024
    static let maxIndex = 1 << 22
    /// No chunk has more bytes, so that the length of a file can be counted.
    static let maxChunkLength = UInt64.max / UInt64(maxIndex + 1)

    mutating func allocate(_ request: AllocationRequest) throws(DFSError) -> Answer {
        guard (0...Self.maxIndex).contains(request.index) else {
            throw DFSError(.invalidArgument, "chunk index \(request.index) is not between 0 and \(Self.maxIndex)")
        }
        if let upload = request.upload { return try allocate(request, in: upload) }
        return try allocateForGo(request)
    }

    /// A Swift client names its upload. The same index again gives the same chunk id on servers that are placed again.
    private mutating func allocate(_ request: AllocationRequest, in upload: FileID) throws(DFSError) -> Answer {
        guard let entry = namespace.file(upload), entry.header.writer == .swift, entry.header.name == request.name
        else {
            throw DFSError(.notFound, "no open upload \(upload) of \(quoted(request.name.text)); start it over")
        }
        guard case .writing = entry.phase else {
            throw DFSError(.failedPrecondition, "file \(quoted(request.name.text)) is complete already")
        }
        guard request.index <= entry.chunks.count + Self.maxIndexGap else {
            throw DFSError(.invalidArgument, "chunk index \(request.index) is far beyond the last one")
        }
        namespace.setPhase(
            .writing(lease(over: request.connection, keptFor: entry.header.keepSeconds)), of: upload)
        guard let chunk = entry.chunk(at: request.index) else {
            let excluded = Set(request.excluded.compactMap { servers.handle(of: $0) })
            let targets = try place(
                entry.header.replication, entry.header.chunkSize, excluding: excluded, for: request.location)
            return addChunk(to: entry.header, at: request.index, on: targets)
        }
        return try placeAgain(chunk, of: entry.header, excluding: request.excluded, for: request.location)
    }

    /// A Go client names only the file: chunk 0 begins it, and the connection stands for the upload.
    private mutating func allocateForGo(_ request: AllocationRequest) throws(DFSError) -> Answer {
        let text = quoted(request.name.text)
        let chunkSize = UInt64(ClusterDefaults.chunkSize)
        let way = try wayTo(request.name)
        let entry = way.place.flatMap { namespace.openFile(at: $0) }
        if let entry, let header = try continued(entry, request) {
            let targets = try place(header.replication, chunkSize, excluding: [])
            let answer = addChunk(to: header, at: request.index, on: targets)
            // The client goes on to the next chunk only when the one before is whole somewhere.
            forwarding[header.id] = nil
            if let previous = namespace.chunk(request.index - 1, of: header.id) {
                review(previous)
                readAll(of: previous)
            }
            return answer
        }
        guard request.index == 0 else {
            throw DFSError(.failedPrecondition, "no open upload of \(text) on this connection; start with chunk 0")
        }
        if let node = way.place.flatMap({ namespace.node(at: $0) }) {
            try checkReplaceable(node, request.name, isAsked: false)
        }
        try checkWritable()
        try checkUploadCount(over: request.connection)
        // Servers first: an allocation that is refused must not take the name.
        let targets = try place(policy.replication, chunkSize, excluding: [])
        if let entry { makeRoom(in: entry) }
        let header = begin(
            request.name, at: makeFolders(way), .go, replication: policy.replication, chunkSize: chunkSize,
            replaces: false, request.connection)
        return addChunk(to: header, at: 0, on: targets)
    }

    /// The header of the Go upload that `request` goes on with; `nil` where `request` begins a new file for which `entry` may
    /// make room.
    private mutating func continued(
        _ entry: FileEntry, _ request: AllocationRequest
    ) throws(DFSError) -> FileHeader? {
        let isNext = request.index == entry.chunks.count && request.index > 0
        if entry.header.writer == .go, case .writing(let lease) = entry.phase {
            let isOwner = lease.connection == request.connection
            // After a restart of the master, the client comes back over a new connection.
            if isNext && (isOwner || lease.connection == nil) {
                namespace.setPhase(.writing(self.lease(over: request.connection)), of: entry.header.id)
                return entry.header
            }
            if isOwner {
                throw DFSError(
                    .alreadyExists,
                    "chunk \(request.index) of \(quoted(request.name.text)) was allocated already or is out of order")
            }
        }
        try checkRoom(in: entry)
        return nil
    }

    private mutating func addChunk(to header: FileHeader, at index: Int, on targets: [ServerHandle]) -> Answer {
        let id = header.chunkID(at: index)
        let chunk = chunks.insert(
            Chunk(file: header.id, index: index, digest: nil, isRecovered: false))
        namespace.place(chunk, at: index, of: header.id)
        for target in targets {
            let isReachable = servers[target].stream != nil
            addReplica(Replica(server: target, state: .assigned, wasReachable: isReachable), to: chunk)
        }
        let named = header.writer == .go ? addresses(of: targets) : []
        effects.append(.persist(.allocate(header.id, index: index, servers: named)))
        return .allocated(id, addresses(of: targets))
    }

    /// Keeps the servers that the writer can use and fills up with others.
    private mutating func placeAgain(
        _ chunk: ChunkHandle, of header: FileHeader, excluding excluded: [ServerAddress], for writer: NetworkLocation?
    ) throws(DFSError) -> Answer {
        let refused = Set(excluded.compactMap { servers.handle(of: $0) })
        let kept = chunks[chunk].replicas.map(\.server).filter { !refused.contains($0) && servers[$0].isAlive }
            .prefix(header.replication)
        let missing = header.replication - kept.count
        let added =
            missing > 0
            ? try place(missing, header.chunkSize, excluding: refused.union(kept), beside: Array(kept), for: writer)
            : []
        for replica in chunks[chunk].replicas where refused.contains(replica.server) && replica.state == .assigned {
            removeReplica(of: chunk, on: replica.server)
        }
        for server in added where chunks[chunk].position(of: server) == nil {
            addReplica(Replica(server: server, state: .assigned), to: chunk)
        }
        return .allocated(id(of: chunk), addresses(of: kept + added))
    }

    /// Chooses and reserves `count` servers with room for one chunk, Swift servers first: Go clients write to the first
    /// that works.
    ///
    /// - Parameters:
    ///   - others: servers that keep their copies.
    ///   - writer: where it is.
    mutating func place(
        _ count: Int, _ bytes: UInt64, excluding excluded: Set<ServerHandle>, beside others: [ServerHandle] = [],
        for writer: NetworkLocation? = nil
    ) throws(DFSError) -> [ServerHandle] {
        let placement = Placement(
            bytes: bytes, excluded: excluded, taken: others.map { servers[$0].location }, writer: writer)
        let chosen = placement.choose(count, from: servers.all, using: &random)
        guard chosen.count == count else { throw shortage(of: count, bytes, got: chosen.count, excluded.count) }
        for server in chosen { servers.reserve(bytes, on: server) }
        return chosen.filter { servers[$0].kind == .swift } + chosen.filter { servers[$0].kind != .swift }
    }

    /// Too few servers: while the master is starting and has not heard of as many as it needs, they may still come.
    /// Those that the writer excluded have come; it may try them again, and is told so at once.
    private func shortage(of count: Int, _ bytes: UInt64, got: Int, _ excludedCount: Int) -> DFSError {
        let alive = servers.all.count { $0.isAlive }
        if isStarting && alive < count {
            return DFSError(
                .unavailable,
                "the master has just started: \(alive) of the \(count) chunk servers that are needed have come so far; "
                    + "try again soon")
        }
        return DFSError(
            .resourceExhausted,
            "\(count) more chunk servers with \(bytes >> 20) MiB free are needed, \(got) can be had "
                + "(\(alive) alive, \(excludedCount) excluded); start chunk servers or free space")
    }

    private func addresses(of handles: [ServerHandle]) -> [ServerAddress] {
        handles.map { servers[$0].address }
    }
}
