import DFSCore
import DFSFiles

/// Puts of what has no length yet, such as standard input.
extension Uploader {
    /// What a child task of such a put brings.
    private enum Step: Sendable {
        /// A slot of the source holds so many bytes.
        case filled(slot: Int, Int)
        case written(index: Int, slot: Int, WrittenChunk)
    }

    /// A chunk that is in its slot and is not being sent yet.
    private struct ReadyChunk {
        let index: Int
        let slot: Int
        let length: Int
    }

    /// As ``DFSClient/put(from:named:as:options:onProgress:)``.
    public func put(
        from descriptor: Int32, named streamName: String, as name: String, options: PutOptions = PutOptions(),
        onProgress: ProgressHandler? = nil
    ) async throws -> PutResult {
        let name = try FileName(name)
        let stream = DescriptorStream(descriptor, name: streamName)
        return try await put(as: name, options, from: streamName) { upload in
            let source = try await self.context.onFileThread {
                try SpooledSource(stream, chunkSize: upload.chunkSize, self.context)
            }
            let progress = ProgressMeter(totalByteCount: nil, handler: onProgress)
            let pace = UploadPace(self.context, upload)
            return try await self.send(source, upload, options, pace, progress)
        }
    }

    /// Reads a chunk ahead of those that are being sent; the stream waits while all slots are full.
    private func send(
        _ source: SpooledSource, _ upload: FileUpload, _ options: PutOptions, _ pace: UploadPace,
        _ progress: ProgressMeter
    ) async throws -> [WrittenChunk] {
        try await withThrowingTaskGroup(of: Step.self) { tasks in
            let chunksInFlight = max(1, context.configuration.chunksInFlight)
            var freeSlots = Array(0...chunksInFlight)
            var ready: [ReadyChunk] = []
            var written: [Int: WrittenChunk] = [:]
            var (isReading, hasEnded, count, sending) = (false, false, 0, 0)
            while true {
                if !hasEnded, !isReading, let slot = freeSlots.popLast() {
                    isReading = true
                    tasks.addTask { try await self.fill(slot, source) }
                }
                if sending < chunksInFlight, !ready.isEmpty {
                    let chunk = ready.removeFirst()
                    sending += 1
                    tasks.addTask { try await self.send(chunk, source, upload, options, pace, progress) }
                }
                guard let step = try await tasks.next() else { break }
                switch step {
                case .filled(let slot, let length):
                    isReading = false
                    hasEnded = length < upload.chunkSize
                    // An empty file is one empty chunk; otherwise nothing comes behind the last full one.
                    if length == 0, count > 0 { continue }
                    try checkCount(count + 1, source)
                    ready.append(ReadyChunk(index: count, slot: slot, length: length))
                    count += 1
                case .written(let index, let slot, let chunk):
                    written[index] = chunk
                    freeSlots.append(slot)
                    sending -= 1
                }
            }
            return (0..<count).compactMap { written[$0] }
        }
    }

    private func fill(_ slot: Int, _ source: SpooledSource) async throws -> Step {
        try await withTaskCancellationHandler {
            .filled(slot: slot, try await context.onFileThread { try source.fill(slot) })
        } onCancel: {
            source.stop()
        }
    }

    private func send(
        _ chunk: ReadyChunk, _ source: SpooledSource, _ upload: FileUpload, _ options: PutOptions, _ pace: UploadPace,
        _ progress: ProgressMeter
    ) async throws -> Step {
        let allocation = try await master.allocate(upload, index: chunk.index)
        let put = ChunkPut(
            context: context, master: master, source: source, upload: upload, index: chunk.index,
            offset: chunk.slot * upload.chunkSize, length: chunk.length, options: options, pace: pace,
            progress: progress)
        return .written(index: chunk.index, slot: chunk.slot, try await put.run(allocation))
    }

    private func checkCount(_ count: Int, _ source: SpooledSource) throws(DFSError) {
        guard count <= FileUpload.maxChunkCount else {
            throw DFSError(
                .invalidArgument,
                "\(source.path) has more than \(FileUpload.maxChunkCount) chunks; use larger chunks")
        }
    }
}
