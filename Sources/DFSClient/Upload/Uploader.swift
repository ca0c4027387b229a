import DFSCore
import DFSFiles

/// Sends local files into the cluster.
///
/// Several chunks move at once. Each is sent once, to a server that forwards it to the others, or to all of them from here
/// (``PutOptions/forwardsChunks``); then every piece of the file is read and summed once and shared by their calls. The
/// slowest replica sets the pace, so memory stays within ``ClientConfiguration/maxBuffers`` buffers. A replica that fails
/// is replaced by another server.
public final class Uploader: Sendable {
    let master: MasterClient
    let context: ClientContext

    init(master: MasterClient, context: ClientContext) {
        self.master = master
        self.context = context
    }

    /// What a child task of a put brings.
    private enum Step: Sendable {
        case allocated(ChunkAllocation)
        case written(Int, WrittenChunk)
    }

    /// As ``DFSClient/put(_:as:options:onProgress:)``.
    public func put(
        _ path: String, as name: String, options: PutOptions = PutOptions(), onProgress: ProgressHandler? = nil
    ) async throws -> PutResult {
        let name = try FileName(name)
        let source = try await LocalSource.open(path, context)
        guard options.resumeKeep != nil else {
            return try await put(as: name, options, from: path) { upload in
                try await self.sendAll(source, upload, .nothing, options, onProgress)
            }
        }
        let (upload, known): (FileUpload, KnownUpload)
        do {
            (upload, known) = try await resume(name, source, options)
        } catch let error as DFSError where error.code == .alreadyExists && !options.replacesExisting {
            let found: PutResult?
            do {
                found = try await alreadyStored(name, source, options)
            } catch {
                throw failure(error, path, keeps: true)
            }
            guard let result = found else { throw error }
            return try await receipted(result, options)
        } catch {
            throw failure(error, path, keeps: true)
        }
        return try await put(upload, options, from: path) { upload in
            try await self.sendAll(source, upload, known, options, onProgress)
        } finish: { result in
            let settled = self.settled(known, upload, options)
            result.resumedChunkCount = settled.count
            result.resumedLength = settled.values.reduce(0) { $0 + $1.length }
        }
    }

    /// A whole put: `send` sends all chunks of the upload that it is given, and returns them in order.
    func put(
        as name: FileName, _ options: PutOptions, from path: String,
        _ send: (FileUpload) async throws -> [WrittenChunk]
    ) async throws -> PutResult {
        try await put(try await begin(name, options, from: path), options, from: path, send)
    }

    private func begin(_ name: FileName, _ options: PutOptions, from path: String) async throws(DFSError) -> FileUpload
    {
        do {
            return try await master.create(name, options)
        } catch {
            throw error.code == .cancelled ? failure(error, path, keeps: false) : error
        }
    }

    private func put(
        _ upload: FileUpload, _ options: PutOptions, from path: String,
        _ send: (FileUpload) async throws -> [WrittenChunk], finish: (inout PutResult) -> Void = { _ in }
    ) async throws -> PutResult {
        let chunks: [WrittenChunk]
        let clusterID: String
        do {
            clusterID = try await master.clusterID()
            chunks = try await master.holding(upload) { try await send(upload) }
        } catch {
            await leave(upload, options, after: error)
            throw failure(error, path, keeps: options.resumeKeep != nil)
        }
        try await complete(upload, chunks, options, from: path)
        var result = PutResult(
            name: upload.name.text, length: chunks.reduce(0) { $0 + $1.length }, chunks: chunks.map { PutChunk($0) },
            clusterID: clusterID, storedAt: Int(WallSeconds.now()))
        finish(&result)
        return try await receipted(result, options)
    }

    private func receipted(_ result: PutResult, _ options: PutOptions) async throws -> PutResult {
        if let receipts = options.receipts {
            // Also of a put that was cancelled when the master had its file already.
            try await Task { try await context.onFileThread { try receipts.append(result.receipt) } }.value
        }
        return result
    }

    /// An empty file is one empty chunk, so that it can be found again.
    func chunkCount(of source: LocalSource, _ chunkSize: Int) -> Int {
        max(1, source.size / chunkSize + (source.size % chunkSize == 0 ? 0 : 1))
    }

    /// Sends a file that must not change meanwhile, and finds out where it did.
    private func sendAll(
        _ source: LocalSource, _ upload: FileUpload, _ known: KnownUpload, _ options: PutOptions,
        _ onProgress: ProgressHandler?
    ) async throws -> [WrittenChunk] {
        let chunks = try await send(source, upload, known, options, onProgress)
        try await context.onFileThread { try source.checkUnchanged() }
        return chunks
    }

    /// Sends all chunks that are not settled, a few at a time.
    private func send(
        _ source: LocalSource, _ upload: FileUpload, _ known: KnownUpload, _ options: PutOptions,
        _ onProgress: ProgressHandler?
    ) async throws -> [WrittenChunk] {
        let progress = ProgressMeter(totalByteCount: source.size, handler: onProgress)
        let count = chunkCount(of: source, upload.chunkSize)
        guard count <= FileUpload.maxChunkCount else {
            throw DFSError(
                .invalidArgument,
                "\(source.path) would have \(count) chunks, more than \(FileUpload.maxChunkCount); use larger chunks")
        }
        let pace = UploadPace(context, upload)
        return try await withThrowingTaskGroup(of: Step.self) { tasks in
            var written = [WrittenChunk?](repeating: nil, count: count)
            let settled = settled(known, upload, options)
            for (index, chunk) in settled {
                written[index] = chunk
                progress.chunk(index, at: chunk.length)
            }
            var plan = UploadPlan(
                chunkCount: count, chunksInFlight: context.configuration.chunksInFlight,
                allocatesAhead: upload.id != nil, without: Set(settled.keys))
            while true {
                if let index = plan.startAllocation() {
                    tasks.addTask { .allocated(try await self.master.allocate(upload, index: index)) }
                }
                guard let step = try await tasks.next() else { break }
                switch step {
                case .allocated(let allocation): plan.take(allocation)
                case .written(let index, let chunk):
                    written[index] = chunk
                    plan.endChunk()
                }
                if let (index, allocation) = plan.startChunk() {
                    let offset = index * upload.chunkSize
                    let put = ChunkPut(
                        context: context, master: master, source: source, upload: upload, index: index,
                        offset: offset, length: min(upload.chunkSize, source.size - offset), options: options,
                        pace: pace, progress: progress)
                    tasks.addTask { .written(index, try await put.run(allocation, known: known.chunks[index])) }
                }
            }
            return written.compactMap { $0 }
        }
    }

    func failure(_ error: any Error, _ path: String, keeps: Bool) -> DFSError {
        let error = DFSError(error, from: "put of \(path)").ofWriting
        guard error.code == .cancelled else { return error }
        let rest = keeps ? "put it with -resume again to go on" : "nothing of it is kept"
        return DFSError(.cancelled, "the put of \(path) was stopped; \(rest)")
    }
}
