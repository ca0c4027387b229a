import DFSCore

// What readers are told.
extension MasterState {
    /// For Go clients, which check nothing: only complete replicas are named.
    mutating func fileInfo(_ name: FileName, _ connection: ConnectionToken) throws(DFSError) -> Answer {
        if let file = try file(named: name) { return .fileInfo(try located(file, name, trustingReader: false)) }
        if let entry = openFile(named: name), entry.header.writer == .go,
            case .writing(let lease) = entry.phase, lease.connection == connection
        {
            // The writer itself asks for the file, so it is done.
            settle(entry.header.id)
        }
        return .fileInfo(try located(visible(name), name, trustingReader: false))
    }

    /// For Swift clients, which compare length and checksum: where no complete replica is known, they may try one that
    /// a server merely lists.
    mutating func open(
        _ name: FileName, near reader: NetworkLocation?, _ connection: ConnectionToken
    ) throws(DFSError) -> Answer {
        let file = try visible(name)
        guard let facts = namespace.facts(file) else { preconditionFailure("a visible file is there") }
        let chunks = try located(file, name, trustingReader: true, near: reader)
        let length = chunks.reduce(0) { $0 + ($1.digest?.length ?? 0) }
        return .opened(
            OpenedFile(
                length: length, chunkSize: facts.chunkSize, chunks: chunks, attributes: namespace.attributes(of: file)))
    }

    private func visible(_ name: FileName) throws(DFSError) -> FileID {
        guard let file = try file(named: name) else { throw absence(of: name) }
        return file
    }

    /// Why nothing at this path can be read or changed: a Go client's file may be there for its writer already, and not be
    /// complete yet; a Swift client's does not exist before it is.
    func absence(of path: FileName) -> DFSError {
        let text = quoted(path.text)
        guard let entry = openFile(named: path), entry.header.writer == .go else {
            return DFSError(.notFound, "\(text) does not exist")
        }
        if case .settling = entry.phase {
            return DFSError(.unavailable, "file \(text) was just written and is being verified; try again soon")
        }
        return DFSError(.unavailable, "file \(text) is still being written; try again when its writer is done")
    }

    /// The open file that is going to have this name.
    private func openFile(named name: FileName) -> FileEntry? {
        guard let place = namespace.place(of: name) else { return nil }
        return namespace.openFile(at: place)
    }

    /// The complete file of this name.
    private func file(named name: FileName) throws(DFSError) -> FileID? {
        switch namespace.node(at: name) {
        case .file(let id): return id
        case .folder: throw DFSError(.failedPrecondition, "\(quoted(name.text)) is a folder, not a file")
        case nil: return nil
        }
    }

    private mutating func located(
        _ file: FileID, _ name: FileName, trustingReader: Bool, near reader: NetworkLocation? = nil
    ) throws(DFSError) -> [LocatedChunk] {
        let handles = namespace.chunks(of: file)
        reads.note(file, now: now)
        if repair.waiting.count > 0 { for chunk in handles { repair.waiting.hasten(chunk) } }
        guard let ids = namespace.chunkIDs(of: file) else { preconditionFailure("a visible file is there") }
        var result: [LocatedChunk] = []
        result.reserveCapacity(handles.count)
        var missing: ChunkHandle?
        for (index, handle) in handles.enumerated() {
            guard let digest = chunks[handle].digest else { preconditionFailure("a sealed chunk has a digest") }
            let located = readers(of: handle, trustingReader: trustingReader, near: reader)
            if located.isEmpty {
                missing = missing ?? handle
                // Readers wait for it: prove what is listed before all else.
                readAll(of: handle)
            }
            result.append(
                LocatedChunk(
                    id: ids[index], digest: digest, version: ChunkRecord.firstVersion, servers: located))
        }
        if let missing {
            throw DFSError(
                .unavailable,
                "chunk \(id(of: missing)) of file \(quoted(name.text)) has no complete replica on a live server; try again "
                    + "when its chunk servers are back", advice: .refreshLocations)
        }
        if let open = try locatedOpenChunk(of: file, name) { result.append(open) }
        return result
    }

    /// The open chunk at the end of the file, where there may be something in it: only its primary knows how much every
    /// server has, and answers only while it has its lease.
    private func locatedOpenChunk(of file: FileID, _ name: FileName) throws(DFSError) -> LocatedChunk? {
        guard let chunk = appends[file]?.chunk, chunk.wasGranted else { return nil }
        switch chunk.phase {
        case .vacant: return nil
        // All that was acknowledged, or nothing: the chunks before it alone would be a file that there never was.
        case .recovering: throw beingSealed(chunk, of: name)
        case .open:
            return LocatedChunk(
                id: chunk.id, digest: nil, version: chunk.version, servers: Array(chunk.servers.prefix(1)))
        }
    }

    /// Servers to read from: those whose last list held the chunk and that are connected go first, of these the nearest,
    /// equals in random order so that readers spread; then servers that are to go, then all others.
    private mutating func readers(
        of chunk: ChunkHandle, trustingReader: Bool, near reader: NetworkLocation?
    ) -> [ServerAddress] {
        let complete = readers(of: chunk, .complete, near: reader)
        return complete.isEmpty && trustingReader ? readers(of: chunk, .listed, near: reader) : complete
    }

    private mutating func readers(
        of chunk: ChunkHandle, _ state: Replica.State, near reader: NetworkLocation?
    ) -> [ServerAddress] {
        var sure: [ServerHandle] = []
        var leaving: [ServerHandle] = []
        var doubtful: [ServerHandle] = []
        for replica in chunks[chunk].replicas where replica.state == state && servers[replica.server].isAlive {
            if replica.isMissing || servers[replica.server].stream == nil {
                doubtful.append(replica.server)
            } else if servers[replica.server].adminState != .normal {
                leaving.append(replica.server)
            } else {
                sure.append(replica.server)
            }
        }
        if sure.count > 1 { sure.shuffle(using: &random) }
        if doubtful.count > 1 { doubtful.shuffle(using: &random) }
        if let reader, sure.count > 1 {
            // `sort` keeps the shuffled order of equals.
            sure.sort { servers[$0].location.distance(to: reader) < servers[$1].location.distance(to: reader) }
        }
        return (sure + leaving + doubtful).map { servers[$0].address }
    }
}
