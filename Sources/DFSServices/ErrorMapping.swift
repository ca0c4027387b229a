import DFSCore
import DFSWire
import RPC

// The one place where errors of the file system and statuses of calls become each other.

extension DFSError.Code {
    /// The gRPC code that a call ends with; each code has its own.
    package var status: RPCCode {
        switch self {
        case .invalidArgument: .invalidArgument
        case .notFound: .notFound
        case .alreadyExists: .alreadyExists
        case .unavailable: .unavailable
        case .resourceExhausted: .resourceExhausted
        case .outOfRange: .outOfRange
        case .failedPrecondition: .failedPrecondition
        case .dataLoss: .dataLoss
        case .permissionDenied: .permissionDenied
        case .deadlineExceeded: .deadlineExceeded
        case .cancelled: .cancelled
        case .unimplemented: .unimplemented
        case .internal: .internalError
        }
    }

    /// What a peer's status means here. UNKNOWN is all that a Go node ever says, so its text decides.
    package init(_ status: RPCCode, message: String) {
        switch status {
        case .cancelled: self = .cancelled
        case .invalidArgument: self = .invalidArgument
        case .deadlineExceeded: self = .deadlineExceeded
        case .notFound: self = .notFound
        case .alreadyExists: self = .alreadyExists
        case .permissionDenied, .unauthenticated: self = .permissionDenied
        case .resourceExhausted: self = .resourceExhausted
        case .outOfRange: self = .outOfRange
        case .failedPrecondition: self = .failedPrecondition
        case .aborted, .unavailable: self = .unavailable
        case .unimplemented: self = .unimplemented
        case .dataLoss: self = .dataLoss
        case .unknown: self = GoStatusText.codes[GoStatusText.trimmed(message)] ?? .internal
        case .ok, .internalError: self = .internal
        }
    }
}

/// The texts of the Go original's errors (WIRE.md), all sent with UNKNOWN.
private enum GoStatusText {
    /// How Go words ENOENT, behind the call and the path.
    static let noSuchFile = "no such file or directory"

    static let codes: [String: DFSError.Code] = [
        "chunk already exists": .alreadyExists,
        "server count criteria not met": .resourceExhausted,
        "file does not exist": .notFound,
        "server not registered": .failedPrecondition,
        "no data received": .invalidArgument,
    ]

    /// Go puts spaces around some of them.
    static func trimmed(_ text: String) -> String {
        var rest = text[...]
        while rest.first == " " { rest = rest.dropFirst() }
        while rest.last == " " { rest = rest.dropLast() }
        return String(rest)
    }
}

extension RPCError {
    /// The status to end a call with after `error`.
    ///
    /// A message that could not be parsed is INTERNAL, as everywhere in gRPC (gRPC status codes, "Could not parse").
    package init(_ error: any Error) {
        switch error {
        case let error as RPCError: self = error
        case let error as DFSError: self.init(error.code.status, error.message)
        case let error as WireError: self.init(.internalError, "cannot parse \(error)")
        case is CancellationError: self.init(.cancelled, "the call was cancelled")
        default: self.init(.unknown, "\(error)")
        }
    }
}

extension DFSError {
    /// What `error`, of a call to `peer`, means to the caller.
    ///
    /// - Parameter peer: names the other side in the message, such as `master localhost:8000`.
    package init(_ error: any Error, from peer: String) {
        switch error {
        case let error as DFSError: self = error
        case let error as RPCError: self.init(.init(error.code, message: error.message), "\(peer): \(error.message)")
        case let error as WireError:
            self.init(.dataLoss, "\(peer) sent what cannot be parsed: \(error)", advice: .tryOtherReplica)
        case is CancellationError: self.init(.cancelled, "the call to \(peer) was cancelled")
        default: self.init(.internal, "\(peer): \(error)")
        }
    }

    /// Whether a Go chunk server says that it has no file of that name: it passes on what its system says, and nothing else tells
    /// that from all other troubles of opening a file.
    package var saysNoFileOfGo: Bool { code == .internal && message.hasSuffix(GoStatusText.noSuchFile) }
}
