import DFSCore

// Uploads that are kept while nobody writes them, for a put that goes on with them (docs/decisions/0037).
extension MasterState {
    /// Whether the request goes on with the open file, which nobody holds. One that asks for other options begins anew.
    func canResume(_ entry: FileEntry, _ request: CreationRequest, _ copies: Int) -> Bool {
        guard request.keepSeconds > 0, entry.header.keepSeconds > 0, case .writing(let lease) = entry.phase else {
            return false
        }
        return lease.connection == nil && entry.header.writer == .swift && entry.header.name == request.name
            && entry.header.replication == copies && entry.header.replaces == request.replaces
            && entry.header.attributes == request.attributes
    }

    mutating func resume(_ entry: FileEntry, _ request: CreationRequest) throws(DFSError) -> Answer {
        try checkUploadCount(over: request.connection)
        let lease = lease(over: request.connection, keptFor: entry.header.keepSeconds)
        namespace.resume(entry.header.id, request: request.id, lease)
        return created(entry.header)
    }

    /// For how long a new upload is kept that is to be kept for `seconds`.
    ///
    /// - Parameter former: an upload that ends where this one begins.
    func grantedKeep(_ seconds: UInt32, inPlaceOf former: FileEntry?) throws(DFSError) -> UInt32 {
        guard seconds > 0 else { return 0 }
        let longest = UInt32(clamping: policy.longestUploadKeep.components.seconds)
        guard longest > 0 else {
            throw DFSError(
                .failedPrecondition, "this master keeps no interrupted uploads; put the file without resuming")
        }
        let freed = former.map { $0.header.keepSeconds > 0 ? 1 : 0 } ?? 0
        guard namespace.keptUploadCount - freed < policy.maxKeptUploads else {
            throw DFSError(
                .resourceExhausted,
                "\(policy.maxKeptUploads) uploads are kept to be resumed already; finish some, or put the file without "
                    + "resuming")
        }
        return min(seconds, longest)
    }

    /// A lease that no connection holds, from now on.
    func detachedLease(keptFor seconds: UInt32) -> Lease {
        .detached(until: now + max(policy.uploadLease, keepTime(seconds)))
    }

    /// No longer than the master's operator wants by now.
    func keepTime(_ seconds: UInt32) -> Duration { min(.seconds(Int64(seconds)), policy.longestUploadKeep) }

    /// Whatever else is to stand where a kept upload that nobody holds was going to has no need to wait for its end.
    mutating func letGo(ofKeptUploadAt place: Place) {
        guard let entry = namespace.openFile(at: place), entry.header.keepSeconds > 0,
            case .writing(let lease) = entry.phase, lease.connection == nil
        else { return }
        abandon(entry.header.id, reason: "its name was taken")
    }

    /// The writer lets go of its upload; one that another connection holds by now stays that one's.
    mutating func leave(_ upload: FileID, _ connection: ConnectionToken) -> Answer {
        if let facts = namespace.facts(upload), case .writing(let lease) = facts.phase, lease.connection == connection,
            facts.writer == .swift
        {
            namespace.setPhase(.writing(detachedLease(keptFor: facts.keepSeconds)), of: upload)
        }
        return .abandoned
    }

    func uploadState(_ upload: FileID) throws(DFSError) -> Answer {
        guard let entry = namespace.file(upload), entry.header.writer == .swift, !entry.isSealed else {
            throw DFSError(.notFound, "no open upload \(upload); it was completed or abandoned, start it over")
        }
        var chunks: [LocatedChunk] = []
        var isWhole = true
        for chunk in entry.chunks.compactMap({ $0 }) {
            let servers = holders(of: chunk)
            if servers.isEmpty { isWhole = false }
            guard let digest = self.chunks[chunk].digest else { continue }
            chunks.append(
                LocatedChunk(id: id(of: chunk), digest: digest, version: ChunkRecord.firstVersion, servers: servers))
        }
        let mayGrow = entry.isRecovered && isStarting && !isWhole
        return .uploadState(
            UploadState(
                keepSeconds: entry.header.keepSeconds, allocatedCount: entry.chunks.count, chunks: chunks,
                mayGrow: mayGrow))
    }

    /// The live servers of ours that hold all of the chunk: they have it durable and checked.
    private func holders(of chunk: ChunkHandle) -> [ServerAddress] {
        chunks[chunk].replicas
            .filter { $0.state == .complete && !$0.isMissing }
            .map { servers[$0.server] }
            .filter { $0.isAlive && $0.kind == .swift }
            .map(\.address)
    }
}
