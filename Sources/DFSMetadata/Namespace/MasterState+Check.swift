import DFSCore

// What operators are told of files: how many of the wanted copies there are.
extension MasterState {
    /// What one page may cost: 1 for each name and each chunk, ``checkedFolderCost`` for each folder.
    static let checkBudget = 2000
    /// The uploads in a folder are sorted each time a page comes to it, and its children fetched in batches.
    private static let checkedFolderCost = 50

    /// A page of a check: a file, or all files in a folder and below it. Changes nothing.
    func check(_ request: CheckRequest) throws(DFSError) -> Answer {
        var page = CheckPage()
        page.isStarting = isStarting
        var budget = Self.checkBudget
        let position = request.after ?? CheckCursor(parts: [], chunks: 0)
        let descent = namespace.descend(request.path?.parts ?? [])
        if descent.rest.isEmpty {
            check(in: descent.folder, behind: position, request, &budget, &page)
            return .checked(page)
        }
        let path = request.path?.text ?? "/"
        guard let place = request.path.flatMap({ namespace.place(of: $0) }) else { throw missing(path) }
        let (node, open) = (namespace.node(at: place), namespace.openFile(at: place))
        if node == nil, open == nil { throw missing(path) }
        let entry = CheckWalk.Entry(path: path, node: node, openFile: open?.header.id)
        if let chunks = check(entry, from: position.chunks, request, &budget, &page) {
            page.end = CheckCursor(parts: [], chunks: chunks)
        }
        return .checked(page)
    }

    /// Fills a page with what is in a folder and below it.
    private func check(
        in folder: FolderID, behind position: CheckCursor, _ request: CheckRequest, _ budget: inout Int,
        _ page: inout CheckPage
    ) {
        let root = request.path?.text
        if position.chunks > 0 {
            let path = ([root].compactMap { $0 } + position.parts.map(\.text)).joined(separator: "/")
            let entry = CheckWalk.Entry(path: path, node: node(below: folder, position.parts), openFile: nil)
            if let chunks = check(entry, from: position.chunks, request, &budget, &page) {
                page.end = CheckCursor(parts: position.parts, chunks: chunks)
                return
            }
        }
        var walk = CheckWalk(namespace, in: folder, path: root ?? "", behind: position.parts)
        while let entry = walk.next() {
            let chunks = check(entry, from: 0, request, &budget, &page)
            if chunks != nil || budget <= 0 {
                page.end = CheckCursor(parts: walk.position, chunks: chunks ?? 0)
                return
            }
        }
    }

    /// Adds what stands under one name to the page, from chunk `first` on.
    ///
    /// - Returns: how many chunks of the file were looked at; `nil` where that are all.
    private func check(
        _ entry: CheckWalk.Entry, from first: Int, _ request: CheckRequest, _ budget: inout Int, _ page: inout CheckPage
    ) -> Int? {
        budget -= 1
        if first == 0, let file = entry.openFile.flatMap({ namespace.file($0) }) {
            page.files.append(
                FileCheck(
                    path: entry.path, isOpen: true, length: file.length, replication: file.header.replication,
                    chunkCount: file.chunks.count, firstChunk: 0))
        }
        switch entry.node {
        case nil: return nil
        case .folder:
            budget -= Self.checkedFolderCost
            return nil
        case .file(let id):
            guard let facts = namespace.facts(id), first == 0 || first < facts.chunkCount else { return nil }
            let end = min(facts.chunkCount, first + max(1, budget))
            page.files.append(checked(id, facts, at: entry.path, first..<end, withChunks: request.withChunks))
            budget -= end - first
            return end < facts.chunkCount ? end : nil
        }
    }

    private func node(below folder: FolderID, _ parts: [PathPart]) -> NodeID? {
        var node = NodeID.folder(folder)
        for part in parts {
            guard case .folder(let current) = node,
                let next = namespace.node(at: Place(parent: current, name: part))
            else { return nil }
            node = next
        }
        return node
    }

    private func checked(
        _ id: FileID, _ facts: FileFacts, at path: String, _ indexes: Range<Int>, withChunks: Bool
    ) -> FileCheck {
        var checked = FileCheck(
            path: path, isOpen: false, length: namespace.status(of: .file(id), named: "")?.length ?? 0,
            replication: facts.replication, chunkCount: facts.chunkCount, firstChunk: indexes.lowerBound)
        checked.isAppended = takesRecords(id)
        for index in indexes {
            guard let handle = namespace.chunk(index, of: id) else { continue }
            switch health(of: handle, countCopies(of: handle)) {
            case .missing: checked.missingChunks += 1
            case .under: checked.underReplicatedChunks += 1
            case .whole, .over, .uncounted: checked.healthyChunks += 1
            }
            guard withChunks else { continue }
            let holders = chunks[handle].replicas.filter { $0.state == .complete && servers[$0.server].isAlive }
            checked.chunks.append(
                ChunkCheck(
                    id: self.id(of: handle), digest: chunks[handle].digest,
                    servers: holders.map { servers[$0.server].address }))
        }
        return checked
    }

    private func missing(_ path: String) -> DFSError { DFSError(.notFound, "\(quoted(path)) does not exist") }
}
