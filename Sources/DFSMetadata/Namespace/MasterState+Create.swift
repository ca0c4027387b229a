import DFSCore

// Uploads of our own clients: begin, give up, and the leases that end them.
extension MasterState {
    mutating func create(
        _ name: FileName, _ replication: Int?, _ connection: ConnectionToken
    ) throws(DFSError) -> Answer {
        let copies = replication ?? policy.replication
        guard (1...policy.maxReplication).contains(copies) else {
            throw DFSError(
                .invalidArgument, "replication \(copies) is not between 1 and \(policy.maxReplication)")
        }
        if let entry = namespace.file(named: name) { try makeRoom(for: name, in: entry) }
        let header = begin(name, .swift, replication: copies, chunkSize: policy.chunkSize, connection)
        return .created(header.id, chunkSize: header.chunkSize, replication: copies)
    }

    mutating func giveUp(_ upload: FileID) throws(DFSError) -> Answer {
        // Asked again after a lost answer, the upload is gone already.
        guard let entry = namespace.file(upload) else { return .abandoned }
        guard !entry.isSealed else {
            throw DFSError(.failedPrecondition, "file \(quoted(entry.header.name.text)) is complete already")
        }
        abandon(upload, reason: "given up by its writer")
        return .abandoned
    }

    /// Enters a new open file over `connection`.
    mutating func begin(
        _ name: FileName, _ writer: Writer, replication: Int, chunkSize: UInt64, _ connection: ConnectionToken
    ) -> FileHeader {
        var id = FileID(rawValue: random.next())
        while namespace.file(id) != nil { id = FileID(rawValue: random.next()) }
        let header = FileHeader(id: id, name: name, writer: writer, replication: replication, chunkSize: chunkSize)
        namespace.insert(
            FileEntry(header: header, isRecovered: false, phase: .writing(lease(over: connection))))
        effects.append(.persist(.begin(header)))
        return header
    }

    /// A lease held over `connection`, or one that ends soon where the connection closed while the call was on its way.
    func lease(over connection: ConnectionToken) -> Lease {
        closedConnections.contains(connection)
            ? .detached(until: now + policy.uploadLease) : .held(over: connection)
    }

    /// Frees `name` where its present file is an upload whose writer is gone.
    mutating func makeRoom(for name: FileName, in entry: FileEntry) throws(DFSError) {
        let text = quoted(name.text)
        switch entry.phase {
        case .sealed:
            throw DFSError(.alreadyExists, "file \(text) exists already; choose another name")
        case .settling:
            throw DFSError(
                .unavailable, "file \(text) was just written and is being verified; try again in a minute")
        case .writing(let lease) where lease.connection != nil:
            throw DFSError(.alreadyExists, "file \(text) is being written by another client")
        case .writing:
            guard entry.header.writer == .swift else {
                throw DFSError(.unavailable, "file \(text) is being recovered; try again in a minute")
            }
            abandon(entry.header.id, reason: "its name was taken by a new upload")
        }
    }

    mutating func connectionClosed(_ connection: ConnectionToken) {
        closedConnections.insert(connection)
        for server in servers.all where server.connection == connection { servers[server.handle].stream = nil }
        for file in namespace.files(heldOver: connection) {
            guard let entry = namespace.file(file) else { continue }
            switch entry.header.writer {
            case .swift: namespace.setPhase(.writing(.detached(until: now + policy.uploadLease)), of: file)
            case .go: settle(file)
            }
        }
    }

    /// Ends the leases whose writers did not come back.
    mutating func expireLeases() {
        for file in namespace.withoutConnection {
            guard let entry = namespace.file(file), case .writing(let lease) = entry.phase,
                let expires = lease.expires, expires <= now
            else { continue }
            switch entry.header.writer {
            case .swift: abandon(file, reason: "its writer is gone")
            case .go: settle(file)
            }
        }
    }
}
