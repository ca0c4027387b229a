import DFSCore

// What readers are told.
extension MasterState {
    /// For Go clients, which check nothing: only complete replicas are named.
    mutating func fileInfo(_ name: FileName, _ connection: ConnectionToken) throws(DFSError) -> Answer {
        if let entry = openFile(named: name), entry.header.writer == .go,
            case .writing(let lease) = entry.phase, lease.connection == connection
        {
            // The writer itself asks for the file, so it is done.
            settle(entry.header.id)
        }
        return .fileInfo(try located(visible(name), trustingReader: false).chunks)
    }

    /// For Swift clients, which compare length and checksum: where no complete replica is known, they may try one that
    /// a server merely lists.
    mutating func open(_ name: FileName, _ connection: ConnectionToken) throws(DFSError) -> Answer {
        .opened(try located(visible(name), trustingReader: true))
    }

    private func visible(_ name: FileName) throws(DFSError) -> FileEntry {
        let text = quoted(name.text)
        if let entry = try file(named: name) { return entry }
        // A Swift client's file does not exist before it is complete.
        guard let entry = openFile(named: name), entry.header.writer == .go else {
            throw DFSError(.notFound, "file \(text) does not exist")
        }
        if case .settling = entry.phase {
            throw DFSError(.unavailable, "file \(text) was just written and is being verified; try again soon")
        }
        throw DFSError(.unavailable, "file \(text) is still being written; try again when its writer is done")
    }

    /// The open file that is going to have this name.
    private func openFile(named name: FileName) -> FileEntry? {
        guard let place = namespace.place(of: name) else { return nil }
        return namespace.openFile(at: place)
    }

    /// The complete file of this name.
    private func file(named name: FileName) throws(DFSError) -> FileEntry? {
        guard let place = namespace.place(of: name), let node = namespace.node(at: place) else { return nil }
        guard case .file(let id) = node else {
            throw DFSError(.failedPrecondition, "\(quoted(name.text)) is a folder, not a file")
        }
        return namespace.file(id)
    }

    private mutating func located(_ entry: FileEntry, trustingReader: Bool) throws(DFSError) -> OpenedFile {
        var result: [LocatedChunk] = []
        result.reserveCapacity(entry.chunks.count)
        var length: UInt64 = 0
        var missing: ChunkHandle?
        for handle in entry.chunks.compactMap({ $0 }) {
            guard let digest = chunks[handle].digest else { preconditionFailure("a sealed chunk has a digest") }
            let located = readers(of: handle, trustingReader: trustingReader)
            if located.isEmpty {
                missing = missing ?? handle
                // Readers wait for it: prove what is listed before all else.
                readAll(of: handle)
            }
            length += digest.length
            result.append(
                LocatedChunk(
                    id: id(of: handle), digest: digest, version: ChunkRecord.firstVersion, servers: located))
        }
        if let missing {
            throw DFSError(
                .unavailable,
                "chunk \(id(of: missing)) of file \(quoted(namespace.path(of: entry))) has no complete replica on a "
                    + "live server; try again when its chunk servers are back",
                advice: .refreshLocations)
        }
        return OpenedFile(length: length, chunkSize: entry.header.chunkSize, chunks: result)
    }

    /// Servers to read from: those whose last list held the chunk and that are connected go first, equals in random order
    /// so that readers spread.
    private mutating func readers(of chunk: ChunkHandle, trustingReader: Bool) -> [ServerAddress] {
        var complete = chunks[chunk].replicas.filter { $0.state == .complete && servers[$0.server].isAlive }
        if complete.isEmpty, trustingReader {
            complete = chunks[chunk].replicas.filter { $0.state == .listed && servers[$0.server].isAlive }
        }
        complete.shuffle(using: &random)
        func isDoubtful(_ replica: Replica) -> Bool {
            replica.isMissing || servers[replica.server].stream == nil
        }
        let ordered = complete.filter { !isDoubtful($0) } + complete.filter { isDoubtful($0) }
        return ordered.map { servers[$0.server].address }
    }
}
