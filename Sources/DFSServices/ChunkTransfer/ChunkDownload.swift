import DFSCore
import DFSWire
import NIOCore
import RPC

/// One DownloadChunk call under way: what the reader pulls data from. Used on the call's event loop, by one task.
package final class ChunkDownload {
    /// `nil` from a Go server.
    package let stored: StoredChunk?

    private let call: ClientCall
    private let chunkID: ChunkID
    private let stallGuard: StallGuard
    /// Bytes that a server which does not heed the offset sends first.
    private var bytesToDiscard: Int
    /// Bytes that must still come; `nil` where only the server knows.
    private var bytesExpected: Int?
    private var hasEnded = false

    /// Waits for the headers and reads the echo in them.
    init(call: ClientCall, request: ChunkDownloadRequest, stallGuard: StallGuard) async throws {
        self.call = call
        self.chunkID = request.chunkID
        self.stallGuard = stallGuard
        let headers = try await stallGuard.waiting { try await call.initialMetadata() }
        let isHeeded = try headers.number(CallMetadata.offset, as: Int.self) == request.offset
        let chunkLength = try headers.number(CallMetadata.chunkLength, as: Int.self)
        stored = try chunkLength.map {
            StoredChunk(length: $0, crc32c: try headers.number(CallMetadata.chunkCRC32C))
        }
        bytesToDiscard = isHeeded ? 0 : request.offset
        bytesExpected = request.length ?? chunkLength.map { max(0, $0 - request.offset) }
    }

    /// The next bytes; `nil` after the last one of those asked for.
    ///
    /// - Throws: ``DFSError`` of code ``DFSError/Code/dataLoss`` where the stream ends too early, goes on too long, or
    ///   holds bytes that do not match their checksum.
    package func next() async throws -> ChunkPiece? {
        while bytesExpected != 0 {
            guard let message = try await stallGuard.waiting({ try await call.receive() }) else {
                guard bytesExpected == nil, bytesToDiscard == 0 else { throw broken("the stream ended too early") }
                return nil
            }
            if let piece = try piece(of: ChunkDataDecoder.decode(message.segments)) { return piece }
        }
        // A Swift server ends here by itself; a Go server goes on, and is cancelled when the body returns.
        if stored != nil, !hasEnded {
            hasEnded = true
            guard try await stallGuard.waiting({ try await call.receive() }) == nil else {
                throw broken("the stream goes on after the last byte")
            }
        }
        return nil
    }

    /// What is wanted of one message, `nil` where that is nothing.
    private func piece(of received: ChunkDataFrame) throws -> ChunkPiece? {
        var frame = received
        guard frame.chunkID.isEmpty || frame.chunkID == chunkID.text else {
            throw broken("the server sent chunk \(quoted(frame.chunkID))")
        }
        var crc32c = frame.computedChecksum
        // From one of ours the checksum was made when the chunk was written: what has happened since is seen here, before
        // anybody has a byte of it.
        guard frame.checksum == 0 || frame.checksum == crc32c else {
            throw broken("bytes do not match their checksum")
        }
        let received = frame.dataByteCount
        let discarded = min(received, bytesToDiscard)
        bytesToDiscard -= discarded
        let byteCount = min(received - discarded, bytesExpected ?? .max)
        bytesExpected = bytesExpected.map { $0 - byteCount }
        if byteCount == 0 { return nil }
        if byteCount < received {
            frame.data = frame.data.slice(from: discarded, count: byteCount)
            crc32c = frame.computedChecksum
        }
        return ChunkPiece(data: frame.data, crc32c: crc32c, byteCount: byteCount)
    }

    private func broken(_ what: String) -> DFSError {
        DFSError(.dataLoss, "chunk \(chunkID): \(what)", advice: .tryOtherReplica)
    }
}
