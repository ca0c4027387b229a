import DFSCore

/// The last step of a put, and what has become of the file where nobody heard the master's answer.
extension Uploader {
    private enum Outcome: Sendable {
        case stored
        case notStored
        case unknown
    }

    /// Has the master make the file one.
    ///
    /// A put that is cancelled here, or gets no answer in time, has succeeded all the same where the master says afterwards that
    /// the file is complete.
    ///
    /// - Throws: ``DFSError``; where nobody can say what has become of the file, the message says that it may be stored.
    func complete(
        _ upload: FileUpload, _ chunks: [WrittenChunk], _ options: PutOptions, from path: String
    ) async throws {
        do {
            try await master.complete(upload, chunks)
        } catch {
            // Also for a cancelled put, whose own task makes no more calls.
            let outcome = await Task { await self.outcome(of: upload, chunks, options, after: error) }.value
            let failure = self.failure(error, path, keeps: options.resumeKeep != nil)
            switch outcome {
            case .stored:
                context.logger.debug("complete, as the master says when asked again", metadata: ["error": "\(error)"])
            case .notStored: throw failure
            case .unknown:
                throw DFSError(
                    failure.code,
                    "the master does not say whether \(quoted(upload.name.text)) is complete: it may be stored; stat tells. "
                        + "What went wrong: \(error.message)",
                    advice: failure.advice)
            }
        }
    }

    /// Gives the upload up, or leaves it to the next put, and learns by that whether it was complete before.
    private func outcome(
        of upload: FileUpload, _ chunks: [WrittenChunk], _ options: PutOptions, after error: DFSError
    ) async -> Outcome {
        let refusal = await leave(upload, options, after: error)
        // What is left of it is known to the servers of a Go master, and to nobody else.
        guard upload.id != nil else { return .notStored }
        // Given up: it was not complete, and cannot become so. A master that keeps it does not say what it was.
        if refusal == nil, !isKept(options, after: error) { return .notStored }
        let isUnheard = error.code == .cancelled || error.code == .deadlineExceeded || error.code == .unavailable
        guard isUnheard || refusal == .failedPrecondition else { return .notStored }
        return switch await master.isComplete(upload, chunks) {
        case true: .stored
        case false: refusal == .failedPrecondition ? .unknown : .notStored
        case nil: .unknown
        }
    }
}
