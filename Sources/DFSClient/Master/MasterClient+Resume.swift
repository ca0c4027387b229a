import DFSCore
import DFSServices
import DFSWire

/// What the master knows of an upload that a put resumes.
struct KnownUpload: Sendable {
    /// Chunks with an index below this may have been allocated.
    let allocatedCount: Int
    /// By index: those whose digest is settled, with the servers that hold them, which may be none.
    let chunks: [Int: WrittenChunk]

    static let nothing = KnownUpload(allocatedCount: 0, chunks: [:])
}

extension MasterClient {
    /// How long a put waits for servers that a master which has just started has not heard of. Sending their chunks again would
    /// do no harm, and costs more.
    private static let returnPatience = Duration.seconds(10)

    /// Asks what is stored of the upload already.
    ///
    /// - Throws: ``DFSError`` of code `unimplemented` where the master is of a version that resumes nothing.
    func known(of upload: FileUpload) async throws(DFSError) -> KnownUpload {
        guard let id = upload.id else { return .nothing }
        let end = ContinuousClock.now + Self.returnPatience
        while true {
            let state: UploadStateResponse
            do {
                state = try await call(
                    Methods.uploadState, UploadStateRequest(uploadID: id), as: UploadStateResponse.self)
            } catch  where error.code == .unimplemented {
                throw DFSError(
                    .unimplemented, "\(peer.name) is of a version that resumes no puts; put the file without resuming")
            }
            guard state.mayGrow, .now < end else { return try KnownUpload(state, of: upload, from: peer.name) }
            do {
                try await Task.sleep(for: .milliseconds(200))
            } catch {
                throw DFSError(error, from: peer.name)
            }
        }
    }
}

extension KnownUpload {
    fileprivate init(_ state: UploadStateResponse, of upload: FileUpload, from master: String) throws(DFSError) {
        var chunks: [Int: WrittenChunk] = [:]
        for chunk in state.chunks where chunk.digestKnown {
            let id = try ChunkID(chunk.digest.chunkID)
            guard let index = id.index, index < Int(state.allocatedCount),
                chunk.digest.length <= UInt64(upload.chunkSize)
            else {
                throw DFSError(.dataLoss, "\(master) told of chunk \(id), which \(upload.name) cannot have")
            }
            let servers = try chunk.servers.map { text throws(DFSError) in try ServerAddress(text) }
            chunks[index] = WrittenChunk(
                chunkID: id, length: Int(chunk.digest.length), crc32c: chunk.digest.crc32c, durable: servers,
                unverified: [])
        }
        self.init(allocatedCount: Int(state.allocatedCount), chunks: chunks)
    }
}

extension PutOptions {
    /// As the master is asked; 0 for a put that resumes nothing.
    func keepSeconds() throws(DFSError) -> UInt32 {
        guard let resumeKeep else { return 0 }
        guard resumeKeep >= .seconds(1) else {
            throw DFSError(.invalidArgument, "an upload cannot be kept for \(resumeKeep); give at least 1s")
        }
        return UInt32(clamping: resumeKeep.components.seconds)
    }
}
