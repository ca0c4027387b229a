import DFSCore
import NIOCore
import RPC

/// What an upload has come to.
package struct ChunkUploadAnswer: Sendable, Equatable {
    /// What the OK of the server that took the upload is worth.
    package let acknowledgement: ChunkAcknowledgement
    /// What has become of the chunk along the chain, that server included; `nil` where it has not heeded the chain, and
    /// holds the chunk alone.
    package let chain: ChainResult?
}

extension Peer {
    /// Sends a chunk to this chunk server, and through it to those behind it in the request's chain.
    ///
    /// - Parameter body: pushes all the data, in order; runs on the call's event loop and must not block.
    /// - Returns: once the server has acknowledged the whole chunk: what that is worth, and who else holds it.
    /// - Throws: ``DFSError``; then the server holds nothing of it, or (a Go server) a part that it takes for a chunk. Of
    ///   the servers behind it nothing is known.
    package func uploadChunk(
        _ request: ChunkUploadRequest, settings: TransferSettings = TransferSettings(),
        _ body: @escaping @Sendable (ChunkUpload) async throws -> Void
    ) async throws(DFSError) -> ChunkUploadAnswer {
        let kind = try await kind()
        let (eventLoop, name) = (channel.executor.eventLoop, name)
        let options = CallOptions(metadata: request.metadata(settings))
        do {
            let chain = try await channel.withCall(Methods.uploadChunk, options) { call in
                let questions = kind.isSwift ? LifeQuestions(to: self, within: settings.silenceLimit, eventLoop) : nil
                defer { questions?.stop() }
                let taken = TakenBytes(of: self)
                let sending = StallGuard(
                    call: call, limit: settings.stallLimit, peer: name, eventLoop: eventLoop,
                    judge: self.judge(of: taken, request.length, settings))
                defer { sending.stop() }
                let upload = ChunkUpload(
                    call: call, chunkID: request.chunkID, kind: kind, settings: settings, stallGuard: sending,
                    taken: taken)
                try await body(upload)
                // What waits now, waits for the server to sync.
                sending.stop()
                let answering = StallGuard(
                    call: call, limit: settings.acknowledgementLimit, peer: name, eventLoop: eventLoop)
                defer { answering.stop() }
                // A server may take long for its answer, since it syncs, but it must be there.
                let living = StallGuard(
                    call: call, limit: kind.isSwift ? settings.silenceLimit : settings.acknowledgementLimit, peer: name,
                    eventLoop: eventLoop
                ) { call.connectionStatistics.bytesReceived }
                defer { living.stop() }
                try await answering.waiting { try await living.waiting { try await upload.finish() } }
                return try ChainResult(trailers: call.trailingMetadata)
            }
            let acknowledgement = try await acknowledgement(by: kind, request, chain)
            return ChunkUploadAnswer(acknowledgement: acknowledgement, chain: chain)
        } catch {
            throw failure(error)
        }
    }

    /// What the OK of a peer is worth that was taken to be of `kind`. One of ours that was to forward the chunk says what came of
    /// that: an answer without it may be that of a Go node which has taken the address meanwhile.
    private func acknowledgement(
        by kind: PeerKind, _ request: ChunkUploadRequest, _ chain: ChainResult?
    ) async throws(DFSError) -> ChunkAcknowledgement {
        var kind = kind
        if kind.isSwift, chain == nil, !request.chain.isEmpty {
            forgetKind()
            kind = try await self.kind()
        }
        return kind.isSwift ? .durable : .syncedUnverified
    }

    /// Says at each look at an upload whether it is to end since the server takes too little.
    private func judge(
        of taken: TakenBytes, _ length: Int?, _ settings: TransferSettings
    ) -> ((NIODeadline, TimeAmount) -> DFSError?)? {
        if settings.floor == 0 { return nil }
        var pace = LinkPace(
            floor: settings.floor, window: TimeAmount(settings.stallLimit), length: length, start: .now(),
            taken: taken.total)
        return { [name] now, heldUp in
            let speed = pace.look(at: now, taken: taken.total, ownTaken: taken.own, heldUp: heldUp)
            guard settings.givesUp(speed) else { return nil }
            return DFSError(.deadlineExceeded, "\(name): \(speed.complaint)", advice: .tryOtherReplica)
        }
    }
}
