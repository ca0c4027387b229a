import DFSCore

// The end of an upload: a Swift client says so, for a Go client it is found out.
extension MasterState {
    mutating func complete(_ request: CompletionRequest) throws(DFSError) -> Answer {
        guard let entry = namespace.file(request.upload), entry.header.writer == .swift else {
            throw DFSError(.notFound, "no open upload \(request.upload); it was abandoned, start it over")
        }
        if entry.isSealed { return try confirm(entry, request) }
        namespace.setPhase(
            .writing(lease(over: request.connection, keptFor: entry.header.keepSeconds)), of: request.upload)
        guard namespace.path(of: entry.place) != nil else {
            abandon(request.upload, reason: "its folder was removed")
            throw DFSError(.notFound, "the folder of \(quoted(entry.header.name.text)) was removed; put the file again")
        }
        try check(request, against: entry)
        for (index, written) in request.chunks.enumerated() {
            guard let chunk = entry.chunk(at: index) else { continue }
            for server in written.servers.compactMap({ servers.handle(of: $0) }) {
                accept(chunk, written.digest, on: server)
            }
        }
        seal(request.upload)
        return .completed
    }

    /// The answer to a completion that was asked again because the first answer was lost. What others have appended since stands
    /// behind the chunks of the upload.
    private func confirm(_ entry: FileEntry, _ request: CompletionRequest) throws(DFSError) -> Answer {
        let isSame = request.chunks.enumerated().allSatisfy { index, written in
            entry.chunk(at: index).map { chunks[$0].digest == written.digest && id(of: $0) == written.id } ?? false
        }
        guard isSame, !request.chunks.isEmpty else {
            throw DFSError(
                .failedPrecondition, "file \(quoted(namespace.path(of: entry))) is complete with other contents")
        }
        return .completed
    }

    private func check(_ request: CompletionRequest, against entry: FileEntry) throws(DFSError) {
        let text = quoted(entry.header.name.text)
        guard !request.chunks.isEmpty, request.chunks.count == entry.chunks.count else {
            throw DFSError(
                .failedPrecondition,
                "\(request.chunks.count) chunks of \(text) are said to be complete, \(entry.chunks.count) were allocated"
            )
        }
        for (index, written) in request.chunks.enumerated() {
            guard let handle = entry.chunk(at: index), id(of: handle) == written.id else {
                throw DFSError(.failedPrecondition, "chunk \(index) of \(text) is not \(quoted(written.id.text))")
            }
            let isLast = index == request.chunks.count - 1
            let length = written.digest.length
            let size = entry.header.chunkSize
            guard length <= size, isLast || length == size, length > 0 || request.chunks.count == 1 else {
                throw DFSError(
                    .invalidArgument, "chunk \(index) of \(text) has \(length) bytes, in chunks of \(size)")
            }
            if let known = chunks[handle].digest, known != written.digest {
                throw DFSError(
                    .dataLoss,
                    "chunk \(written.id) was stored as \(known.length) bytes with crc32c \(hex(UInt64(known.crc32c), digits: 8)), "
                        + "written as \(length) bytes with \(hex(UInt64(written.digest.crc32c), digits: 8)); "
                        + "upload the file again", advice: .giveUp)
            }
            let isHeld = chunks[handle].replicas.contains { $0.state == .complete }
            guard isHeld || written.servers.contains(where: { servers.handle(of: $0) != nil }) else {
                // The servers that acknowledged it may not have come back yet.
                throw isStarting && !written.servers.isEmpty
                    ? DFSError(.unavailable, "the servers of chunk \(written.id) are not back yet; try again soon")
                    : DFSError(.failedPrecondition, "chunk \(written.id) has no complete replica; upload it again")
            }
        }
    }

    /// Makes the file durable and visible. Every chunk must be proven.
    mutating func seal(_ file: FileID) {
        guard let entry = namespace.file(file), entry.isProven else {
            preconditionFailure("only a file whose chunks are all proven is sealed")
        }
        forwarding[file] = nil
        let handles = entry.chunks.compactMap { $0 }
        let digests = handles.compactMap { chunks[$0].digest }
        // The one that it replaces leaves in the same batch, so that nobody ever sees none or both.
        if let old = namespace.node(at: entry.place) { moveToTrash(old, from: entry.place) }
        effects.append(.persist(.seal(file, digests: digests, at: wallSeconds)))
        effects.append(.log(.sealed(entry.header.name, chunks: handles.count)))
        namespace.seal(file, length: digests.reduce(0) { $0 + $1.length }, at: wallSeconds)
        for chunk in handles {
            // The writer is done: what it did not bring to these servers it never will.
            for replica in chunks[chunk].replicas
            where replica.state == .assigned && !repair.isCopying(chunk, to: replica.server) {
                removeReplica(of: chunk, on: replica.server)
            }
            for replica in chunks[chunk].replicas where replica.state == .listed {
                considerReading(chunk, on: replica.server)
            }
            review(chunk)
        }
    }
}
