import DFSCore
import DFSServices
import DFSWire
import RPC

extension MasterClient {
    /// - Parameter limit: for how long the master is asked; by default for ``ClientConfiguration/masterLimit``.
    func openOnSwift(_ name: FileName, within limit: Duration? = nil) async throws(DFSError) -> FileLayout {
        var metadata = Metadata()
        if let location = context.location { metadata.add(CallMetadata.location, location.description) }
        let response = try await call(
            Methods.open, OpenRequest(name: name.text), as: OpenResponse.self, metadata: metadata, within: limit)
        let chunkSize = try FileUpload.checked(chunkSize: response.chunkSize, from: peer.name)
        var chunks: [ChunkLocation] = []
        for (index, chunk) in response.chunks.enumerated() {
            chunks.append(
                ChunkLocation(
                    id: try ChunkID(chunk.digest.chunkID).text, index: index,
                    length: chunk.digestKnown ? Int(clamping: chunk.digest.length) : nil,
                    crc32c: chunk.digestKnown ? chunk.digest.crc32c : nil, servers: chunk.servers,
                    isOpen: !chunk.digestKnown && index == response.chunks.count - 1))
        }
        try checkLengths(chunks, chunkSize: chunkSize, name)
        let lengths = chunks.compactMap(\.length)
        let length = lengths.count == chunks.count ? lengths.reduce(0, +) : nil
        return FileLayout(
            name: name.text, length: length, chunkSize: chunkSize, chunks: chunks,
            attributes: try FileAttributes(from: response.attributes, of: peer.name))
    }

    /// A Go master names ids and servers only, in the order of the allocations.
    func openOnGo(_ name: FileName) async throws(DFSError) -> FileLayout {
        let info: [FileChunkInfo]
        do {
            let request = GetFileInfoRequest(fileName: name.text)
            info = try await call(Methods.getFileInfo, request, as: GetFileInfoResponse.self).fileInfo
        } catch {
            throw error.code == .notFound
                ? DFSError(.notFound, "the Go master has no file \(quoted(name.text))") : error
        }
        var chunks: [ChunkLocation] = []
        for chunk in info {
            guard let index = try ChunkID(chunk.chunkID).index else {
                throw DFSError(.dataLoss, "\(name): chunk \(quoted(chunk.chunkID)) has no index")
            }
            chunks.append(
                ChunkLocation(
                    id: chunk.chunkID, index: index, length: nil, crc32c: nil, servers: chunk.replicaServers))
        }
        chunks.sort { $0.index < $1.index }
        // A refused allocation leaves a file without chunks on a Go master; it was never written.
        if chunks.isEmpty { throw DFSError(.notFound, "file \(quoted(name.text)) has no chunks: it was never written") }
        guard chunks.map(\.index) == Array(0..<chunks.count) else {
            throw DFSError(.dataLoss, "\(peer.name) has not all chunks of \(name): \(chunks.map(\.id))")
        }
        return FileLayout(
            name: name.text, length: nil, chunkSize: ClusterDefaults.chunkSize, chunks: chunks,
            attributes: FileAttributes())
    }

    /// A Go master can lose chunks while they are written; only what it names at the end was kept.
    func confirmOnGo(_ upload: FileUpload, _ chunks: [WrittenChunk]) async throws(DFSError) {
        let layout: FileLayout
        do {
            layout = try await openOnGo(upload.name)
        } catch  where error.code == .notFound || error.code == .dataLoss {
            throw DFSError(
                .dataLoss,
                "the Go master lost \(quoted(upload.name.text)) while it was written; put it under another name",
                advice: .giveUp)
        }
        for (location, chunk) in zip(layout.chunks, chunks)
        where location.id != chunk.chunkID.text || location.servers.isEmpty {
            throw DFSError(
                .dataLoss,
                "the Go master lost chunk \(chunk.chunkID) while it was written; put the file under another name",
                advice: .giveUp)
        }
        guard layout.chunks.count == chunks.count else {
            throw DFSError(
                .dataLoss, "the Go master has \(layout.chunks.count) chunks of \(upload.name), not \(chunks.count)",
                advice: .giveUp)
        }
    }

    private func checkLengths(_ chunks: [ChunkLocation], chunkSize: Int, _ name: FileName) throws(DFSError) {
        for chunk in chunks {
            guard let length = chunk.length, length > chunkSize else { continue }
            throw DFSError(.dataLoss, "\(peer.name): chunk \(chunk.id) of \(name) has \(length) bytes")
        }
    }
}
