import DFSCore
import DFSFiles

/// Brings files back from the cluster.
///
/// Several chunks come at once. A replica that fails is replaced in the middle of a chunk by another one; lengths and
/// checksums are compared where anybody knows them; the file gets its name when it is whole and, unless
/// ``GetOptions/isDurable`` is off, on disk.
public final class Downloader: Sendable {
    let master: MasterClient
    let context: ClientContext

    init(master: MasterClient, context: ClientContext) {
        self.master = master
        self.context = context
    }

    /// As ``DFSClient/get(_:into:options:onProgress:)``.
    public func get(
        _ name: String, into folder: String, options: GetOptions = GetOptions(), onProgress: ProgressHandler? = nil
    ) async throws -> GetResult {
        try await get(name, into: folder, options: options, folderSyncs: nil, onProgress: onProgress)
    }

    /// - Parameter folderSyncs: makes the file's name durable with those of others; `nil`: it is when this returns.
    func get(
        _ name: String, into folder: String, options: GetOptions, folderSyncs: FolderSyncs?,
        onProgress: ProgressHandler?
    ) async throws -> GetResult {
        let fileName = try FileName(name)
        let layout = try await master.open(name)
        let target = try await makeTarget(fileName, in: folder, of: layout, options)
        do {
            let chunks = try await fetch(
                layout, 0..<Int.max, target, chunksInFlight: context.configuration.chunksInFlight,
                isThere: { try await self.kept($0, of: layout, in: target) }, onProgress)
            let length = chunks.reduce(0) { $0 + $1.length }
            try await context.onFileThread { try target.commit(folderSyncs) }
            return GetResult(name: name, path: target.path, length: length, chunks: chunks)
        } catch {
            var error = DFSError(error, from: "get of \(name)")
            // Also for a cancelled get, whose own task runs nothing more.
            let isLeft = await Task { (try? await context.onFileThread { target.leave() }) ?? false }.value
            if error.code == .cancelled {
                let rest = isLeft ? "what has come is kept; resume it" : "nothing of it is kept"
                error = DFSError(.cancelled, "the get of \(name) was stopped; \(rest)")
            }
            throw error
        }
    }

    /// The chunk, where an earlier get has brought it whole: its bytes are read and summed.
    private func kept(_ index: Int, of layout: FileLayout, in target: LocalTarget) async throws -> GetChunk? {
        let chunk = layout.chunks[index]
        guard target.isResumable, let length = chunk.length, let crc32c = chunk.crc32c else { return nil }
        let offset = layout.starts[index]
        guard try await context.onFileThread({ try target.holds(length, at: offset, crc32c: crc32c) }) else {
            return nil
        }
        context.logger.debug("an earlier get has left this chunk", metadata: ["chunk": "\(chunk.id)"])
        return GetChunk(id: chunk.id, length: length, crc32c: crc32c, isVerified: true)
    }

    /// As ``DFSClient/read(_:range:to:named:)``.
    public func read(
        _ name: String, range: Range<Int> = 0..<Int.max, to descriptor: Int32, named streamName: String
    ) async throws -> GetResult {
        let layout = try await master.open(name)
        let stream = DescriptorStream(descriptor, name: streamName)
        return try await withTaskCancellationHandler {
            do {
                let target = StreamTarget(stream, from: range.lowerBound)
                let chunks = try await fetch(layout, range, target, chunksInFlight: 1, nil)
                let length = chunks.reduce(0) { $0 + $1.length }
                return GetResult(name: name, path: streamName, length: length, chunks: chunks)
            } catch {
                if Task.isCancelled { throw DFSError(.cancelled, "the read of \(name) was stopped") }
                throw DFSError(error, from: "read of \(name)")
            }
        } onCancel: {
            stream.stop()
        }
    }

    /// As ``DFSClient/read(_:range:)``.
    public func read(_ name: String, range: Range<Int>) async throws -> [UInt8] {
        try await read(try await master.open(name), range: range)
    }

    /// A part of the file as it was when the master told of it.
    func read(_ layout: FileLayout, range: Range<Int>) async throws -> [UInt8] {
        let name = layout.name
        let there = range.clamped(to: 0..<max(0, layout.length ?? .max))
        guard there.count <= Self.maxBytesInMemory else {
            throw DFSError(
                .invalidArgument,
                "\(there.count) bytes of \(name) are too many for the memory; read them to a descriptor")
        }
        let target = MemoryTarget(there)
        let inFlight = context.configuration.chunksInFlight
        do {
            let chunks = try await fetch(layout, there, target, chunksInFlight: inFlight, nil)
            return target.bytes(chunks.reduce(0) { $0 + $1.length })
        } catch {
            throw DFSError(error, from: "read of \(name)")
        }
    }

    /// More is not read into memory.
    private static let maxBytesInMemory = 256 << 20

    /// A local folder that cannot be made is no missing file of the cluster.
    private func makeTarget(
        _ name: FileName, in folder: String, of layout: FileLayout, _ options: GetOptions
    ) async throws -> LocalTarget {
        do {
            return try await LocalTarget.create(
                name, in: folder, resuming: options.resumes ? layout : nil, isDurable: options.isDurable, context)
        } catch {
            let error = DFSError(error, from: folder)
            throw error.code == .notFound ? DFSError(.failedPrecondition, error.message) : error
        }
    }

    /// Fetches the chunks that have something of `range`, and only that of them, a few at a time.
    ///
    /// - Parameter isThere: gives a chunk that need not be fetched.
    private func fetch(
        _ layout: FileLayout, _ range: Range<Int>, _ target: any FetchTarget, chunksInFlight: Int,
        isThere: @escaping @Sendable (Int) async throws -> GetChunk? = { _ in nil }, _ onProgress: ProgressHandler?
    ) async throws -> [GetChunk] {
        let progress = ProgressMeter(totalByteCount: layout.length, handler: onProgress)
        let failedServers = FailedServers()
        return try await withThrowingTaskGroup(of: (Int, GetChunk).self) { tasks in
            let parts = layout.parts(range)
            var fetched = [GetChunk?](repeating: nil, count: parts.count)
            for (number, part) in parts.enumerated() {
                if number >= max(1, chunksInFlight), let (done, result) = try await tasks.next() {
                    fetched[done] = result
                }
                let fetch = ChunkFetch(
                    context: context, master: master, layout: layout, index: part.index, wanted: part.wanted,
                    target: target, progress: progress, failedServers: failedServers)
                tasks.addTask {
                    guard let kept = try await isThere(part.index) else { return (number, try await fetch.run()) }
                    progress.chunk(part.index, at: kept.length)
                    return (number, kept)
                }
            }
            while let (done, result) = try await tasks.next() { fetched[done] = result }
            return fetched.compactMap { $0 }
        }
    }
}
