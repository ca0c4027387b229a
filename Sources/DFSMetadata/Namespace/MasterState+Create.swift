import DFSCore

// Uploads of our own clients: begin, give up, and the leases that end them.
extension MasterState {
    /// So many leases end in one tick, or those of uploads with so many chunks: a writer of very many files that dies holds
    /// nobody else up.
    private static let maxExpiriesPerTick = 1000

    mutating func create(_ request: CreationRequest) throws(DFSError) -> Answer {
        try checkWritable()
        let copies = try checkedReplication(request.replication ?? policy.replication)
        let way = try wayTo(request.name)
        var inTheWay: FileEntry?
        if let place = way.place {
            let entry = namespace.openFile(at: place)
            if let entry {
                if entry.request == request.id, !request.id.isEmpty {
                    // The first answer may have been lost with its connection.
                    attach(entry.header.id, to: request.connection)
                    return created(entry.header)
                }
                if !canResume(entry, request, copies) {
                    try checkRoom(in: entry)
                    inTheWay = entry
                }
            }
            if let node = namespace.node(at: place) {
                try checkReplaceable(node, request.name, isAsked: request.replaces)
            }
            if let entry, canResume(entry, request, copies) { return try resume(entry, request) }
        }
        try checkUploadCount(over: request.connection)
        let keepSeconds = try grantedKeep(request.keepSeconds, inPlaceOf: inTheWay)
        // What is refused takes nothing from anybody.
        if let inTheWay { makeRoom(in: inTheWay) }
        let place = makeFolders(way)
        let header = begin(
            request.name, at: place, .swift, replication: copies, chunkSize: policy.chunkSize,
            replaces: request.replaces, request.connection, request: request.id, attributes: request.attributes,
            keepSeconds: keepSeconds)
        return created(header)
    }

    func created(_ header: FileHeader) -> Answer {
        .created(header.id, chunkSize: header.chunkSize, replication: header.replication)
    }

    /// One connection must not fill the memory with what it begins and never ends.
    func checkUploadCount(over connection: ConnectionToken) throws(DFSError) {
        guard namespace.uploadCount(heldOver: connection) >= policy.maxUploadsPerConnection else { return }
        throw DFSError(
            .resourceExhausted,
            "this connection has \(policy.maxUploadsPerConnection) unfinished uploads; complete or abandon some first")
    }

    func checkedReplication(_ copies: Int) throws(DFSError) -> Int {
        guard (1...policy.maxReplication).contains(copies) else {
            throw DFSError(
                .invalidArgument, "replication \(copies) is not between 1 and \(policy.maxReplication)")
        }
        return copies
    }

    /// A complete file may be in the way of another only where the other one is to replace it.
    func checkReplaceable(_ node: NodeID, _ name: FileName, isAsked: Bool) throws(DFSError) {
        switch node {
        case .folder:
            throw DFSError(.failedPrecondition, "\(quoted(name.text)) is a folder; choose another name")
        case .file:
            guard isAsked else {
                throw DFSError(
                    .alreadyExists,
                    "file \(quoted(name.text)) exists already; choose another name, or ask to replace it")
            }
        }
    }

    mutating func giveUp(_ upload: FileID) throws(DFSError) -> Answer {
        // Asked again after a lost answer, the upload is gone already.
        guard let entry = namespace.file(upload) else { return .abandoned }
        guard !entry.isSealed else {
            throw DFSError(.failedPrecondition, "file \(quoted(namespace.path(of: entry))) is complete already")
        }
        abandon(upload, reason: "given up by its writer")
        return .abandoned
    }

    /// Enters a new open file over `connection`.
    mutating func begin(
        _ name: FileName, at place: Place, _ writer: Writer, replication: Int, chunkSize: UInt64, replaces: Bool,
        _ connection: ConnectionToken, request: String = "", attributes: FileAttributes = FileAttributes(),
        keepSeconds: UInt32 = 0
    ) -> FileHeader {
        let id = nextFileID()
        let header = FileHeader(
            id: id, name: name, writer: writer, replication: replication, chunkSize: chunkSize, replaces: replaces,
            createdAt: wallSeconds, attributes: attributes, keepSeconds: keepSeconds)
        var entry = FileEntry(
            header: header, place: place, isRecovered: false,
            phase: .writing(lease(over: connection, keptFor: keepSeconds)))
        entry.request = request
        let isPlaced = namespace.insert(entry)
        precondition(isPlaced, "a place is reserved for one upload at a time")
        effects.append(.persist(.begin(header, at: place)))
        if let period = periods.note(id.second, now: now) { effects.append(.persist(.use(period))) }
        return header
    }

    private mutating func nextFileID() -> FileID {
        let least = FileID.first(of: wallSeconds).rawValue
        // The lower half of the second's numbers, so that there are enough above them. Behind a clock that was ahead a life begins
        // at random, too: one on a restored backup would give out the ids of the life that was lost.
        if least > lastFileID {
            lastFileID = least | (random.next() >> 35)
        } else if FileID(rawValue: lastFileID).isFirstOfSecond {
            lastFileID |= random.next() >> 35
        }
        repeat { lastFileID &+= 1 } while isTaken(FileID(rawValue: lastFileID))
        return FileID(rawValue: lastFileID)
    }

    /// Only ids that were drawn at random, by masters of older versions, can be.
    private func isTaken(_ id: FileID) -> Bool { namespace.holds(id) || tombstones.holds(id) }

    /// A lease held over `connection`, or one that ends soon where the connection closed while the call was on its way.
    func lease(over connection: ConnectionToken, keptFor seconds: UInt32 = 0) -> Lease {
        closedConnections.contains(connection) ? detachedLease(keptFor: seconds) : .held(over: connection)
    }

    /// The writer of the upload is heard over this connection, which stands for it from now on.
    mutating func attach(_ upload: FileID, to connection: ConnectionToken) {
        guard let facts = namespace.facts(upload), case .writing(let lease) = facts.phase,
            lease.connection != connection
        else { return }
        // What was on its way when its connection closed takes nothing from the one that the writer has by now.
        if lease.connection != nil, closedConnections.contains(connection) { return }
        namespace.setPhase(.writing(self.lease(over: connection, keptFor: facts.keepSeconds)), of: upload)
    }

    /// The writer is at work, though it has nothing else to ask: a chunk may take very long.
    mutating func renew(_ upload: FileID, over connection: ConnectionToken) throws(DFSError) -> Answer {
        guard let facts = namespace.facts(upload), facts.writer == .swift, !facts.isSealed else {
            throw DFSError(.notFound, "no open upload \(upload); it was completed or abandoned, start it over")
        }
        attach(upload, to: connection)
        return .done
    }

    /// Frees the place of an open file whose writer is gone, after ``checkRoom(in:)``.
    mutating func makeRoom(in entry: FileEntry) {
        abandon(entry.header.id, reason: "its name was taken by a new upload")
    }

    /// Whether the place of an open file may be freed.
    func checkRoom(in entry: FileEntry) throws(DFSError) {
        let text = quoted(namespace.path(of: entry))
        switch entry.phase {
        case .sealed: preconditionFailure("a complete file reserves no place")
        case .settling:
            throw DFSError(
                .unavailable, "file \(text) was just written and is being verified; try again in a minute")
        case .writing(let lease) where lease.connection != nil:
            throw DFSError(.alreadyExists, "file \(text) is being written by another client")
        case .writing:
            guard entry.header.writer == .swift else {
                throw DFSError(.unavailable, "file \(text) is being recovered; try again in a minute")
            }
        }
    }

    mutating func connectionClosed(_ connection: ConnectionToken) {
        closedConnections.insert(connection)
        for server in servers.heard(over: connection) { servers[server].stream = nil }
        let files = namespace.files(heldOver: connection)
        if !files.isEmpty { backlog.closed.append(Backlog.Closed(connection: connection, files: files)) }
    }

    /// Ends the leases whose writers did not come back.
    mutating func expireLeases() {
        guard leasesHeldUntil <= now else { return }
        var budget = Self.maxExpiriesPerTick
        while budget > 0, let file = namespace.popExpiredLease(now) {
            budget -= 1
            guard let facts = namespace.facts(file), case .writing(let lease) = facts.phase,
                let expires = lease.expires
            else { continue }
            guard expires <= now else {
                namespace.awaitLease(of: file, until: expires)
                continue
            }
            budget -= max(0, facts.chunkCount - 1)
            switch facts.writer {
            case .swift: abandon(file, reason: "its writer is gone")
            case .go: settle(file)
            }
        }
    }
}
