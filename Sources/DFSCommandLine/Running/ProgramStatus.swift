import DFSCore

/// Ends a command with ``ProgramStatus/failure`` without a word: whoever read its output has gone away.
package struct SilentFailure: Error {
    package init() {}
}

/// What a binary says with its exit status.
package enum ProgramStatus: Int32, Sendable {
    case success = 0
    /// Anything that has no status of its own.
    case failure = 1
    /// The command as written can never work: flags, operands, names.
    case usage = 2
    case noSuchFile = 3
    case alreadyExists = 4
    /// The master, or every server that could help, cannot be reached or has no room now.
    case unavailable = 5

    /// The status for a command that ended with `error`.
    package init(_ error: any Error) {
        guard let error = error as? DFSError else {
            self = .failure
            return
        }
        switch error.code {
        case .invalidArgument: self = .usage
        case .notFound: self = .noSuchFile
        case .alreadyExists: self = .alreadyExists
        case .unavailable, .deadlineExceeded: self = .unavailable
        case .resourceExhausted, .outOfRange, .failedPrecondition, .dataLoss, .permissionDenied, .cancelled,
            .unimplemented, .internal:
            self = .failure
        }
    }
}
