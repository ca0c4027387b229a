import DFSCore
import DFSFiles

/// Brings files back from the cluster.
///
/// Several chunks come at once. A replica that fails is replaced in the middle of a chunk by another one; lengths and
/// checksums are compared where anybody knows them; the file gets its name when it is whole and on disk.
public final class Downloader: Sendable {
    let master: MasterClient
    let context: ClientContext

    init(master: MasterClient, context: ClientContext) {
        self.master = master
        self.context = context
    }

    /// As ``DFSClient/get(_:into:onProgress:)``.
    public func get(
        _ name: String, into folder: String, onProgress: ProgressHandler? = nil
    ) async throws -> GetResult {
        let fileName = try FileName(name)
        let layout = try await master.open(name)
        let target = try await makeTarget(fileName, in: folder)
        do {
            let chunks = try await fetch(
                layout, target, chunksInFlight: context.configuration.chunksInFlight, onProgress)
            let length = chunks.reduce(0) { $0 + $1.length }
            try await context.onFileThread { try target.commit() }
            return GetResult(name: name, path: target.path, length: length, chunks: chunks)
        } catch {
            var error = DFSError(error, from: "get of \(name)")
            if error.code == .cancelled {
                error = DFSError(.cancelled, "the get of \(name) was stopped; nothing of it is kept")
            }
            // Also for a cancelled get, whose own task runs nothing more.
            await Task { try? await context.onFileThread { target.discard() } }.value
            throw error
        }
    }

    /// As ``DFSClient/read(_:to:named:)``.
    public func read(_ name: String, to descriptor: Int32, named streamName: String) async throws -> GetResult {
        let layout = try await master.open(name)
        let stream = DescriptorStream(descriptor, name: streamName)
        return try await withTaskCancellationHandler {
            do {
                let chunks = try await fetch(layout, StreamTarget(stream), chunksInFlight: 1, nil)
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

    /// A local folder that cannot be made is no missing file of the cluster.
    private func makeTarget(_ name: FileName, in folder: String) async throws -> LocalTarget {
        do {
            return try await LocalTarget.create(name, in: folder, context)
        } catch {
            let error = DFSError(error, from: folder)
            throw error.code == .notFound ? DFSError(.failedPrecondition, error.message) : error
        }
    }

    /// Fetches all chunks, a few at a time.
    private func fetch(
        _ layout: FileLayout, _ target: any FetchTarget, chunksInFlight: Int, _ onProgress: ProgressHandler?
    ) async throws -> [GetChunk] {
        let progress = ProgressMeter(totalByteCount: layout.length, handler: onProgress)
        let failedServers = FailedServers()
        return try await withThrowingTaskGroup(of: (Int, GetChunk).self) { tasks in
            var fetched = [GetChunk?](repeating: nil, count: layout.chunks.count)
            for chunk in layout.chunks {
                if chunk.index >= max(1, chunksInFlight),
                    let (done, result) = try await tasks.next()
                {
                    fetched[done] = result
                }
                let fetch = ChunkFetch(
                    context: context, master: master, layout: layout, index: chunk.index, target: target,
                    progress: progress, failedServers: failedServers)
                tasks.addTask { (chunk.index, try await fetch.run()) }
            }
            while let (done, result) = try await tasks.next() { fetched[done] = result }
            return fetched.compactMap { $0 }
        }
    }
}
