import DFSCore
import DFSFiles

/// Puts that go on where an earlier one was interrupted (docs/decisions/0037).
extension Uploader {
    /// An upload that was begun or is resumed, and what of it need not be sent.
    func resume(
        _ name: FileName, _ source: LocalSource, _ options: PutOptions
    ) async throws -> (FileUpload, KnownUpload) {
        let upload = try await master.create(name, options)
        do {
            let known = try await master.known(of: upload)
            if try await agrees(source, known, upload) { return (upload, known) }
        } catch {
            await leave(upload, options, after: error)
            throw error
        }
        // A chunk id never stands for other bytes: another file is another upload.
        context.logger.info("the local file is not what was stored of it; starting over", metadata: ["file": "\(name)"])
        _ = await Task { await master.abandon(upload) }.value
        return (try await master.create(name, options), .nothing)
    }

    /// Whether the local file may be the one of which those chunks were stored: all that can be compared is equal.
    private func agrees(_ source: LocalSource, _ known: KnownUpload, _ upload: FileUpload) async throws -> Bool {
        guard known.allocatedCount <= chunkCount(of: source, upload.chunkSize) else { return false }
        for (index, chunk) in known.chunks.sorted(by: { $0.key < $1.key }) {
            let offset = index * upload.chunkSize
            guard chunk.length == min(upload.chunkSize, source.size - offset) else { return false }
            let crc32c = try await crc32c(of: source, offset..<offset + chunk.length)
            guard crc32c == chunk.crc32c else { return false }
        }
        return true
    }

    /// The sum of a part of the file, which is read a buffer at a time.
    private func crc32c(of source: LocalSource, _ range: Range<Int>) async throws -> UInt32 {
        var sum: UInt32 = 0
        var offset = range.lowerBound
        while offset < range.upperBound {
            try Task.checkCancellation()
            let (start, count) = (offset, min(context.bufferSize, range.upperBound - offset))
            let piece = try await context.onFileThread { try source.read(count, at: start).crc32c }
            sum = CRC32C.combined(sum, piece, secondByteCount: count)
            offset += count
        }
        return sum
    }

    /// The chunks that enough servers hold: they are not sent at all. Of the others, the servers that lack them are sent to.
    func settled(_ known: KnownUpload, _ upload: FileUpload, _ options: PutOptions) -> [Int: WrittenChunk] {
        let wanted = max(1, min(options.requiredReplicas ?? .max, upload.replication))
        return known.chunks.filter { $0.value.durable.count >= wanted }
    }

    /// Gives a failed upload up, or leaves it to the next put where that can go on with it.
    ///
    /// - Returns: as ``MasterClient/abandon(_:keeps:)``.
    @discardableResult
    func leave(_ upload: FileUpload, _ options: PutOptions, after error: any Error) async -> DFSError.Code? {
        let keeps = isKept(options, after: DFSError(error, from: "put of \(upload.name)"))
        // Also for a cancelled put, whose own task makes no more calls.
        return await Task { await master.abandon(upload, keeps: keeps) }.value
    }

    /// Whether a put that failed so leaves its upload to the next one.
    func isKept(_ options: PutOptions, after error: DFSError) -> Bool {
        let isLost = [.dataLoss, .failedPrecondition, .invalidArgument, .unimplemented].contains(error.code)
        return options.resumeKeep != nil && !isLost
    }

    /// The complete file of that name, where it is the local one: an earlier put had ended, and nobody heard of it.
    ///
    /// - Returns: `nil` where it is another file, or none yet, or has other attributes or another number of copies than `options` ask for.
    /// - Throws: where that cannot be told now, and where fewer servers can be read than a put waits for.
    func alreadyStored(_ name: FileName, _ source: LocalSource, _ options: PutOptions) async throws -> PutResult? {
        let (layout, status): (FileLayout, FileStatus)
        do {
            layout = try await master.open(name.text)
            status = try await master.status(of: name.text)
        } catch let error as DFSError where error.code == .notFound || error.code == .failedPrecondition {
            // Somebody else is writing it, or it is a folder.
            return nil
        }
        guard layout.length == source.size, status.attributes == options.attributes,
            options.replication == nil || options.replication == status.replication
        else { return nil }
        for (chunk, start) in zip(layout.chunks, layout.starts) {
            guard let length = chunk.length, let stored = chunk.crc32c, start + length <= source.size,
                try await crc32c(of: source, start..<start + length) == stored
            else { return nil }
        }
        try await context.onFileThread { try source.checkUnchanged() }
        let wanted = max(1, min(options.requiredReplicas ?? .max, status.replication))
        if let chunk = layout.chunks.first(where: { $0.servers.count < wanted }) {
            throw DFSError(
                .unavailable,
                "\(name) is stored whole, but chunk \(chunk.id) is on \(chunk.servers.count) of \(wanted) servers now; put it with "
                    + "-resume again when it is on all of them (fsck tells)")
        }
        let ours = await swiftServers(of: layout)
        var result = PutResult(
            name: name.text, length: source.size,
            chunks: layout.chunks.map { chunk in
                PutChunk(
                    id: chunk.id, length: chunk.length ?? 0, crc32c: chunk.crc32c ?? 0,
                    durableOn: chunk.servers.filter { ours.contains($0) },
                    syncedUnverifiedOn: chunk.servers.filter { !ours.contains($0) })
            }, clusterID: try await master.clusterID(), storedAt: Int(WallSeconds.now()))
        result.resumedChunkCount = layout.chunks.count
        result.resumedLength = source.size
        return result
    }

    /// Those of a file's servers that are no Go nodes, as far as they can be asked: of the others nothing is promised.
    private func swiftServers(of layout: FileLayout) async -> Set<String> {
        var ours: Set<String> = []
        for server in Set(layout.chunks.flatMap(\.servers)) {
            if await context.isSwift(server) { ours.insert(server) }
        }
        return ours
    }
}
