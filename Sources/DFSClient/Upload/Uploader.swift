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
        return try await put(as: name, options, from: path) { upload in
            try await self.send(source, upload, options, onProgress)
        }
    }

    /// A whole put: `send` sends all chunks of the upload that it is given, and returns them in order.
    func put(
        as name: FileName, _ options: PutOptions, from path: String,
        _ send: (FileUpload) async throws -> [WrittenChunk]
    ) async throws -> PutResult {
        let upload = try await master.create(name, options)
        let chunks: [WrittenChunk]
        let clusterID: String
        do {
            clusterID = try await master.clusterID()
            chunks = try await send(upload)
            try await master.complete(upload, chunks)
        } catch {
            let error = failure(error, path)
            // Also for a cancelled put, whose own task makes no more calls.
            await Task { await master.abandon(upload) }.value
            throw error
        }
        let result = PutResult(
            name: name.text, length: chunks.reduce(0) { $0 + $1.length }, chunks: chunks.map { PutChunk($0) },
            clusterID: clusterID, storedAt: Int(WallSeconds.now()))
        if let receipts = options.receipts {
            try await context.onFileThread { try receipts.append(result.receipt) }
        }
        return result
    }

    /// Sends all chunks, a few at a time. An empty file is one empty chunk, so that it can be found again.
    private func send(
        _ source: LocalSource, _ upload: FileUpload, _ options: PutOptions, _ onProgress: ProgressHandler?
    ) async throws -> [WrittenChunk] {
        let progress = ProgressMeter(totalByteCount: source.size, handler: onProgress)
        let count = max(1, source.size / upload.chunkSize + (source.size % upload.chunkSize == 0 ? 0 : 1))
        guard count <= FileUpload.maxChunkCount else {
            throw DFSError(
                .invalidArgument,
                "\(source.path) would have \(count) chunks, more than \(FileUpload.maxChunkCount); use larger chunks")
        }
        return try await withThrowingTaskGroup(of: Step.self) { tasks in
            var written = [WrittenChunk?](repeating: nil, count: count)
            var plan = UploadPlan(
                chunkCount: count, chunksInFlight: context.configuration.chunksInFlight,
                allocatesAhead: upload.id != nil)
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
                        progress: progress)
                    tasks.addTask { .written(index, try await put.run(allocation)) }
                }
            }
            return written.compactMap { $0 }
        }
    }

    /// A cluster without room, or without enough servers, is not available for this put now.
    private func failure(_ error: any Error, _ path: String) -> DFSError {
        let error = DFSError(error, from: "put of \(path)")
        switch error.code {
        case .cancelled: return DFSError(.cancelled, "the put of \(path) was stopped; nothing of it is kept")
        case .resourceExhausted: return DFSError(.unavailable, error.message, advice: error.advice)
        default: return error
        }
    }
}
