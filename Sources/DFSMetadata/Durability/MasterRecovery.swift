import DFSCore

/// Builds a master's state from what a store holds, one record after the other, trusting none of it.
package struct MasterRecovery: Sendable {
    private let location: String
    private var state: MasterState
    /// Until the first record of another kind comes.
    private var folders: [FolderRecord] = []
    /// Files so far.
    package private(set) var fileCount = 0

    /// - Parameter location: of the store, for errors.
    package init(policy: ClusterPolicy, seed: UInt64, now: MonotonicInstant, location: String) {
        self.location = location
        state = MasterState(policy: policy, seed: seed, now: now)
    }

    /// Takes the next record. All folders come first, in any order, then the trash, then the rest.
    ///
    /// - Throws: ``DFSError/Code/dataLoss`` where the record does not agree with those before it.
    package mutating func add(_ record: StoredRecord) throws(DFSError) {
        if case .folder(let folder) = record {
            guard state.namespace.enterFolder(folder) else { throw damaged("a folder's id is taken") }
            folders.append(folder)
            return
        }
        try linkFolders()
        switch record {
        case .folder: break
        case .trash(let record):
            guard state.trash.updateValue(record, forKey: record.id) == nil else {
                throw damaged("two removals have the id \(quoted(record.id.text))")
            }
            if record.isPurging { state.purging.append(record.id) }
            state.lastTrashID = max(state.lastTrashID ?? record.id, record.id)
        case .purgedThrough(let id):
            state.purgedThrough = id
            state.lastTrashID = max(state.lastTrashID ?? id, id)
        case .request(let request): state.requests.insert(request.id, at: state.now)
        case .tombstone(let tombstone): state.tombstones.insert(tombstone)
        case .period(let period):
            guard period.beganAt <= period.endedAt, period.endedAt < FileID.secondLimit else {
                throw damaged("a time of use ends before it begins, or never")
            }
            state.periods.insert(period)
            state.lastFileID = max(state.lastFileID, state.periods.firstFreeID)
        case .server(let server): state.restore(server)
        case .file(let file): try add(file)
        }
    }

    /// The state, once all records were taken.
    ///
    /// - Throws: ``DFSError/Code/dataLoss`` where the trash and its records do not agree.
    package consuming func finish() throws(DFSError) -> MasterState {
        try linkFolders()
        for record in state.trash.values where state.namespace.node(at: record.place) != record.node {
            throw damaged("what \(quoted(record.path.text)) was is not in the trash")
        }
        guard state.namespace.childCount(of: .trash) == state.trash.count else {
            throw damaged("the trash holds what nobody removed")
        }
        return state
    }

    /// Makes the folders visible, now that each one's parent is known.
    private mutating func linkFolders() throws(DFSError) {
        guard !folders.isEmpty else { return }
        for folder in folders where !state.namespace.linkFolder(folder) { throw misplaced(folder.place) }
        try checkWays()
        folders = []
    }

    /// Every folder's way up ends at the root or in the trash.
    private func checkWays() throws(DFSError) {
        let parents = Dictionary(folders.map { ($0.id, $0.place.parent) }, uniquingKeysWith: { first, _ in first })
        var known: Set<FolderID> = [.root, .trash]
        for folder in folders {
            var way: Set<FolderID> = []
            var current = folder.id
            while !known.contains(current) {
                guard way.insert(current).inserted, let parent = parents[current] else {
                    throw damaged("folder \(quoted(folder.place.name.text)) is in no folder")
                }
                current = parent
            }
            known.formUnion(way)
        }
    }

    private mutating func add(_ record: FileRecord) throws(DFSError) {
        let isPossible = record.chunks.allSatisfy { chunk in
            (0...MasterState.maxIndex).contains(chunk.index) && chunk.digest?.length ?? 0 <= MasterState.maxChunkLength
        }
        guard isPossible, record.header.chunkSize <= MasterState.maxChunkLength else {
            throw damaged("file \(quoted(record.header.name.text)) has sizes that no file has")
        }
        if record.isSealed {
            let isWhole =
                record.chunks.enumerated().allSatisfy { $0.element.index == $0.offset }
                && record.settledChunks.allSatisfy { $0.digest != nil }
            guard isWhole, !record.settledChunks.isEmpty else {
                throw damaged("file \(quoted(record.header.name.text)) lacks chunks")
            }
        }
        guard state.restore(record) else { throw misplaced(record.place) }
        fileCount += 1
    }

    private func misplaced(_ place: Place) -> DFSError {
        damaged("two things are called \(quoted(place.name.text)) or have one id, or its folder is missing")
    }

    private func damaged(_ what: String) -> DFSError {
        DFSError(.dataLoss, "\(location) is damaged (\(what)); restore it from a backup", advice: .giveUp)
    }
}
