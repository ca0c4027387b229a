import DFSCore

// What appenders ask of the master.
extension MasterState {
    /// Writers of one file, so that a client that draws ever new ids fills no memory.
    private static let maxClaims = 1000
    /// As many as the messages about a file hold.
    private static let maxAppendedIndex = 200_000

    /// Where the next record goes: the open chunk at the end of the file, or a new one.
    mutating func openAppend(_ request: AppendRequest) throws(DFSError) -> Answer {
        guard (1...AppendRequest.maxWriterByteCount).contains(request.writer.utf8.count) else {
            throw DFSError(.invalidArgument, "a writer's id has 1 to \(AppendRequest.maxWriterByteCount) bytes")
        }
        let file = try fileToAppend(request.name)
        try claim(file, for: request)
        noteFailure(of: file, request)
        if appends[file]?.chunk?.isUnconfirmed == true { recover(file, because: "the master was restarted") }
        switch appends[file]?.chunk?.phase {
        case .open: break
        case .recovering:
            guard let chunk = appends[file]?.chunk else { preconditionFailure("it is being recovered") }
            throw beingSealed(chunk, of: request.name)
        case .vacant, nil: try openChunk(of: file, excluding: request.excluded)
        }
        guard let chunk = appends[file]?.chunk, let facts = namespace.facts(file) else {
            preconditionFailure("a chunk was just opened")
        }
        return .appending(
            AppendPlace(
                chunk: OpenVersion(chunk: chunk.id, version: chunk.version), servers: chunk.servers,
                start: namespace.status(of: .file(file), named: "")?.length ?? 0, chunkSize: facts.chunkSize,
                claim: policy.softClaim))
    }

    /// A writer is done. With the last one the open chunk is sealed.
    mutating func closeAppend(_ name: FileName, _ writer: String) throws(DFSError) -> Answer {
        guard case .file(let file) = namespace.node(at: name), appends[file] != nil else { return .done }
        appends[file]?.claims[writer] = nil
        if appends[file]?.claims.isEmpty == true, appends[file]?.chunk?.isOpen == true {
            recover(file, because: "its last writer is done")
        }
        return .done
    }

    private func fileToAppend(_ name: FileName) throws(DFSError) -> FileID {
        let text = quoted(name.text)
        switch namespace.node(at: name) {
        case .file(let id): return id
        case .folder: throw DFSError(.failedPrecondition, "\(text) is a folder, not a file")
        case nil: break
        }
        if let open = namespace.place(of: name).flatMap({ namespace.openFile(at: $0) }), open.header.writer == .go {
            throw DFSError(.failedPrecondition, "file \(text) is still being written by its Go client; try again later")
        }
        throw DFSError(.notFound, "file \(text) does not exist; put it first")
    }

    /// Notes that the writer is at work, where nobody else is who wants to be alone.
    private mutating func claim(_ file: FileID, for request: AppendRequest) throws(DFSError) {
        var entry = appends[file] ?? AppendedFile()
        let isKnown = entry.claims[request.writer] != nil
        let others = entry.claims.filter { $0.key != request.writer }
        for (writer, claim) in others.sorted(by: { $0.key < $1.key }) where request.isExclusive || claim.isExclusive {
            guard now - claim.renewedAt > policy.softClaim else {
                throw DFSError(
                    .alreadyExists,
                    "file \(quoted(request.name.text)) is being appended to by another client"
                        + (claim.isExclusive ? ", alone" : "") + "; try again when it is done")
            }
            entry.claims[writer] = nil
        }
        guard isKnown || entry.claims.count < Self.maxClaims else {
            throw DFSError(
                .resourceExhausted, "\(Self.maxClaims) clients append to file \(quoted(request.name.text)) already")
        }
        let isAlone = entry.claims[request.writer]?.isExclusive == request.isExclusive || !request.isExclusive
        let isTaken = others.contains { $0.value.isExclusive }
        entry.claims[request.writer] = AppendedFile.Claim(renewedAt: now, isExclusive: request.isExclusive)
        appends[file] = entry
        // What others may have on its way must not come between the pieces of one who is alone, nor behind them.
        if entry.chunk?.isOpen == true, !isAlone || isTaken { recover(file, because: "a writer wants to be alone") }
    }

    private mutating func noteFailure(of file: FileID, _ request: AppendRequest) {
        guard let failed = request.failed, let chunk = appends[file]?.chunk, chunk.isOpen, chunk.id == failed.chunk,
            chunk.version == failed.version
        else { return }
        appends[file]?.failed.formUnion(request.excluded.filter { chunk.servers.contains($0) })
        recover(file, because: "a writer could not append to it")
    }

    /// Adds an open chunk, or gives a vacant one to servers again.
    private mutating func openChunk(of file: FileID, excluding excluded: [ServerAddress]) throws(DFSError) {
        try checkWritable()
        guard let facts = namespace.facts(file), let ids = namespace.chunkIDs(of: file) else {
            preconditionFailure("a file that is appended to is there")
        }
        guard facts.chunkCount < Self.maxAppendedIndex else {
            throw DFSError(
                .resourceExhausted, "a file has at most \(Self.maxAppendedIndex) chunks; append to another one")
        }
        let unfit = Set(servers.all.filter { $0.kind != .swift || $0.stream == nil }.map(\.handle))
        try checkSwiftServers(facts.replication)
        let failed = (appends[file]?.failed ?? []).union(excluded).compactMap { servers.handle(of: $0) }
        let chosen: [ServerHandle]
        do {
            chosen = try place(facts.replication, facts.chunkSize, excluding: unfit.union(failed))
        } catch {
            // Those that failed somebody may be well by now; without them there are too few.
            guard !failed.isEmpty else { throw error }
            chosen = try place(facts.replication, facts.chunkSize, excluding: unfit)
        }
        let addresses = chosen.map { servers[$0].address }
        let version = appends[file]?.chunk.map { $0.version + 1 } ?? ChunkRecord.firstVersion
        let former = appends[file]?.chunk?.former ?? []
        appends[file]?.failed = []
        appends[file]?.chunk = OpenChunk(
            id: ids[facts.chunkCount], index: facts.chunkCount, version: version, servers: addresses,
            former: former, phase: .open(leaseEnd: now + policy.appendLeaseOfMaster * 2), wasGranted: false)
        effects.append(
            .persist(
                .openChunk(
                    file, index: facts.chunkCount, version: version, servers: addresses, former: sorted(former))))
        effects.append(.log(.chunkOpened(ids[facts.chunkCount], addresses)))
    }

    /// Only servers of ours take records, which no writer excludes: too few of them are another matter than too little room.
    private func checkSwiftServers(_ count: Int) throws(DFSError) {
        let ours = servers.all.count { $0.isAlive && $0.kind == .swift && $0.stream != nil }
        let goCount = servers.all.count { $0.isAlive && $0.kind == .go }
        guard !isStarting, ours < count, goCount > 0 else { return }
        throw DFSError(
            .resourceExhausted,
            "records go to Swift chunk servers only: \(count) are needed, \(ours) are connected, beside \(goCount) Go servers; "
                + "start more of them, or ask for fewer copies of the file with setrep")
    }
}
