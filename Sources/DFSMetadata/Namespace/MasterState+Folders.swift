import DFSCore

// Folders: made, listed, looked up.
extension MasterState {
    /// The most entries of one answer.
    static let maxPageCount = 1000

    /// How a name is reached: the folders there are, and those that are still to be made.
    struct Way {
        let folder: FolderID
        let missing: [PathPart]
        let leaf: PathPart

        /// `nil` while folders are missing.
        var place: Place? { missing.isEmpty ? Place(parent: folder, name: leaf) : nil }
    }

    /// Finds the way to `name`, which need not exist.
    func wayTo(_ name: FileName) throws(DFSError) -> Way {
        let parts = name.parts
        let descent = namespace.descend(Array(parts.dropLast()))
        if let next = descent.rest.first {
            let place = Place(parent: descent.folder, name: next)
            guard namespace.node(at: place) == nil, namespace.openFile(at: place) == nil else {
                let path = parts.prefix(parts.count - descent.rest.count).map(\.text).joined(separator: "/")
                throw DFSError(
                    .failedPrecondition,
                    "\(quoted(path)) is a file, so \(quoted(name.text)) cannot be in it; choose another name")
            }
        }
        return Way(folder: descent.folder, missing: descent.rest, leaf: name.leaf)
    }

    /// Makes the folders that are missing on the way.
    mutating func makeFolders(_ way: Way) -> Place {
        var folder = way.folder
        for part in way.missing { folder = addFolder(at: Place(parent: folder, name: part)) }
        return Place(parent: folder, name: way.leaf)
    }

    /// `mkdir -p`: a folder that exists is as good as one that is made.
    mutating func makeFolder(_ name: FileName) throws(DFSError) -> Answer {
        try checkWritable()
        let way = try wayTo(name)
        if let place = way.place {
            if case .folder = namespace.node(at: place) { return .done }
            try makeFree(place, name)
        }
        _ = addFolder(at: makeFolders(way))
        return .done
    }

    /// A name is free when nothing has it, and no upload is going to; one that is only kept gives way.
    mutating func makeFree(_ place: Place, _ name: FileName) throws(DFSError) {
        switch namespace.node(at: place) {
        case .folder: throw DFSError(.alreadyExists, "folder \(quoted(name.text)) exists already")
        case .file: throw DFSError(.alreadyExists, "file \(quoted(name.text)) exists already")
        case nil:
            letGo(ofKeptUploadAt: place)
            guard namespace.openFile(at: place) == nil else {
                throw DFSError(.alreadyExists, "file \(quoted(name.text)) is being written by another client")
            }
        }
    }

    /// Up to `limit` entries of a folder, in the order of their names' bytes, behind the name `cursor`.
    func list(_ folder: FileName?, after cursor: PathPart?, limit: Int) throws(DFSError) -> Answer {
        let descent = namespace.descend(folder?.parts ?? [])
        guard descent.rest.isEmpty else {
            let text = quoted(folder?.text ?? "/")
            if case .file = (folder.flatMap { namespace.place(of: $0) }.flatMap { namespace.node(at: $0) }) {
                throw DFSError(.failedPrecondition, "\(text) is a file, not a folder")
            }
            throw DFSError(.notFound, "folder \(text) does not exist")
        }
        let wanted = limit == 0 ? Self.maxPageCount : min(limit, Self.maxPageCount)
        let found = namespace.children(of: descent.folder, after: cursor, limit: wanted + 1)
        return .listed(
            found.prefix(wanted).compactMap { status(of: $0.node, named: $0.name.text) },
            hasMore: found.count > wanted)
    }

    /// What stands at a path, with all that is known of it; `nil` is the root.
    func lookUp(_ path: FileName?) throws(DFSError) -> Answer {
        guard let path else { return .status(NodeStatus(name: "", kind: .folder, createdAt: 0, modifiedAt: 0)) }
        guard let place = namespace.place(of: path), let node = namespace.node(at: place),
            var status = status(of: node, named: path.leaf.text)
        else { throw absence(of: path) }
        if case .file(let id) = node {
            status.crc32c = checksum(of: id)
            status.attributes = namespace.attributes(of: id)
        }
        return .status(status)
    }

    /// What listings show of a complete file or a folder.
    private func status(of node: NodeID, named name: String) -> NodeStatus? {
        var status = namespace.status(of: node, named: name)
        if case .file(let id) = node, takesRecords(id) { status?.isAppended = true }
        return status
    }

    /// Whether a complete file has an open chunk behind the others.
    func takesRecords(_ file: FileID) -> Bool {
        switch appends[file]?.chunk?.phase {
        case .open, .recovering: true
        case .vacant, nil: false
        }
    }

    /// CRC-32C of a complete file, from those of its chunks. A file of 200,000 chunks, the most that messages hold, takes some
    /// five milliseconds: less than naming its replicas to a reader.
    private func checksum(of file: FileID) -> UInt32 {
        var pieces = CRC32C.Pieces()
        for handle in namespace.chunks(of: file) {
            guard let digest = chunks[handle].digest else { preconditionFailure("a sealed chunk has a digest") }
            pieces.append(digest.crc32c, byteCount: digest.length)
        }
        return pieces.value
    }

    private mutating func addFolder(at place: Place) -> FolderID {
        var id = FolderID(rawValue: random.next())
        while id <= .trash || namespace.holds(id) { id = FolderID(rawValue: random.next()) }
        let record = FolderRecord(id: id, place: place, createdAt: wallSeconds)
        let isPlaced = namespace.enterFolder(record) && namespace.linkFolder(record)
        precondition(isPlaced, "a folder is made in a place that is free")
        effects.append(.persist(.makeFolder(record)))
        return id
    }
}
