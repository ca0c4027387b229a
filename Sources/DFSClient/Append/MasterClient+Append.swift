import DFSCore
import DFSServices
import DFSWire

/// The open chunk at the end of a file, as the master told it.
struct AppendTarget: Sendable {
    let chunk: OpenChunkVersion
    let primary: ServerAddress
    /// Bytes of the file before the chunk.
    let start: Int
    let chunkSize: Int
    /// The writer asks again within this time.
    let claim: Duration
}

extension MasterClient {
    /// Asks where the next record goes.
    ///
    /// - Parameters:
    ///   - failed: a chunk that took a record no longer.
    ///   - excluded: servers that could not be reached.
    func openAppend(
        _ name: FileName, writer: String, isExclusive: Bool, failed: OpenChunkVersion?, excluded: [ServerAddress]
    ) async throws(DFSError) -> AppendTarget {
        let request = OpenAppendRequest(
            name: name.text, writerID: writer, isExclusive: isExclusive, failedChunk: failed?.chunkID ?? "",
            failedVersion: failed?.version ?? 0, excluded: excluded.map(\.description))
        let response = try await call(Methods.openAppend, request, as: OpenAppendResponse.self)
        guard let primary = response.servers.first, let start = Int(exactly: response.start) else {
            throw DFSError(.dataLoss, "\(peer.name) gave no place to append to")
        }
        return AppendTarget(
            chunk: OpenChunkVersion(chunkID: try ChunkID(response.chunkID).text, version: response.version),
            primary: try ServerAddress(primary), start: start,
            chunkSize: try FileUpload.checked(chunkSize: response.chunkSize, from: peer.name),
            claim: .milliseconds(Int(response.claimMilliseconds)))
    }

    /// The writer is done. Best effort: the master finds it out by itself.
    func closeAppend(_ name: FileName, writer: String) async {
        let request = CloseAppendRequest(name: name.text, writerID: writer)
        _ = try? await call(Methods.closeAppend, request, as: CloseAppendResponse.self)
    }
}
