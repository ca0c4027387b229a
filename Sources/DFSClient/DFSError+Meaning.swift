import DFSCore
import DFSServices

extension DFSError {
    /// What `error` means to whoever asked for `work`, such as `put of photos`, which being cancelled has stopped.
    init(_ error: any Error, of work: String) {
        self = error is CancellationError ? .stopped(work) : DFSError(error, from: work)
    }

    /// Of code `cancelled`.
    static func stopped(_ work: String) -> DFSError { DFSError(.cancelled, "the \(work) was stopped") }

    /// The same to who wants to write: a cluster without room, or without enough servers, is not available now.
    var ofWriting: DFSError {
        code == .resourceExhausted ? DFSError(.unavailable, message, advice: advice) : self
    }
}
