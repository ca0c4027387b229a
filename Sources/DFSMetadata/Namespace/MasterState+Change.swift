import DFSCore

// Changes of what is complete: rename, remove, number of copies, attributes.
extension MasterState {
    /// In one tick: more than are carried out in a second.
    private static let maxForgottenRequests = 20_000

    /// Gives what stands at `source` the path `target`: atomic, for a whole folder too.
    mutating func rename(_ request: RenameRequest) throws(DFSError) -> Answer {
        try checkWritable()
        let (source, target) = (request.source, request.target)
        guard let from = namespace.place(of: source), let node = namespace.node(at: from) else {
            throw absence(of: source)
        }
        if source == target { return .done }
        let way = try wayTo(target)
        if case .folder(let id) = node, namespace.contains(way.folder, in: id) {
            throw DFSError(.invalidArgument, "\(quoted(source.text)) cannot be moved into itself")
        }
        guard way.missing.isEmpty, let place = way.place else {
            throw DFSError(.notFound, "the folder of \(quoted(target.text)) does not exist; make it first")
        }
        if let old = namespace.node(at: place), request.replaces {
            guard case .file = node else {
                throw DFSError(.alreadyExists, "\(quoted(target.text)) exists already; a folder replaces nothing")
            }
            letGo(ofKeptUploadAt: place)
            guard namespace.openFile(at: place) == nil else {
                throw DFSError(.alreadyExists, "file \(quoted(target.text)) is being written by another client")
            }
            try checkReplaceable(old, target, isAsked: true)
            moveToTrash(old, from: place)
        } else {
            try makeFree(place, target)
        }
        namespace.move(node, to: place)
        effects.append(.persist(.move(node, to: place)))
        return .done
    }

    /// Moves a file, or a folder with all that is in it, to the trash.
    mutating func remove(_ request: RemovalRequest) throws(DFSError) -> Answer {
        try checkWritable()
        guard let place = namespace.place(of: request.path), let node = namespace.node(at: place) else {
            throw absence(of: request.path)
        }
        if case .folder(let id) = node, !request.isRecursive {
            guard namespace.isEmpty(id), namespace.openFiles(in: id).isEmpty else {
                let text = quoted(request.path.text)
                throw DFSError(
                    .failedPrecondition, "folder \(text) is not empty; ask to remove it with all that is in it")
            }
        }
        moveToTrash(node, from: place)
        return .done
    }

    mutating func setReplication(_ path: FileName, _ copies: Int) throws(DFSError) -> Answer {
        try checkWritable()
        let copies = try checkedReplication(copies)
        let id = try completeFile(path, insteadOfFolder: "set the replication of its files")
        guard namespace.facts(id)?.replication != copies else { return .done }
        namespace.setReplication(copies, of: id)
        effects.append(.persist(.setReplication(id, copies)))
        backlog.files.append(id)
        return .done
    }

    /// Sets and removes attributes of a complete file, all at once.
    mutating func setAttributes(_ request: AttributesRequest) throws(DFSError) -> Answer {
        try checkWritable()
        let id = try completeFile(request.path, insteadOfFolder: "set the attributes of its files")
        let attributes = try namespace.attributes(of: id).changed(setting: request.added, removing: request.removed)
        namespace.setAttributes(attributes, of: id)
        effects.append(.persist(.setAttributes(id, attributes)))
        return .done
    }

    private func completeFile(_ path: FileName, insteadOfFolder remedy: String) throws(DFSError) -> FileID {
        switch namespace.node(at: path) {
        case .file(let id): return id
        case .folder: throw DFSError(.failedPrecondition, "\(quoted(path.text)) is a folder; \(remedy)")
        case nil: throw absence(of: path)
        }
    }

    /// Carries a change out once: asked again under the same id, it was carried out already.
    mutating func once(
        _ request: String, _ body: (inout MasterState) throws(DFSError) -> Answer
    ) throws(DFSError) -> Answer {
        guard !request.isEmpty else { return try body(&self) }
        guard request.utf8.count <= RequestRecord.maxByteCount else {
            throw DFSError(.invalidArgument, "a request id has at most \(RequestRecord.maxByteCount) bytes")
        }
        if requests.contains(request) { return .done }
        let answer = try body(&self)
        requests.insert(request, at: now)
        effects.append(.persist(.remember(RequestRecord(id: request))))
        if requests.count > policy.maxRequests { forgetRequests(requests.count - policy.maxRequests) }
        return answer
    }

    /// Forgets requests that nobody asks again any more. What was read from the store has its whole time again: clients waited
    /// for the master while it was away.
    mutating func forgetRequests() {
        let limit = min(Self.maxForgottenRequests, requests.count - policy.leastRequests)
        let count = requests.count(olderThan: policy.requestRetention, now: now, limit: limit)
        if count > 0 { forgetRequests(count) }
    }

    private mutating func forgetRequests(_ count: Int) {
        requests.removeFirst(count)
        effects.append(.persist(.forgetRequests(count)))
    }
}
