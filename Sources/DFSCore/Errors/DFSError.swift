/// The one error of the file system's own modules: what went wrong, with which thing, and what the caller should do.
public struct DFSError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Stable: callers and tests branch on it. Each maps to one gRPC status code.
    public enum Code: String, Sendable, CaseIterable {
        /// The request can never succeed as written.
        case invalidArgument
        /// No such file, chunk or server.
        case notFound
        /// The name is taken.
        case alreadyExists
        /// Not now: a peer is away, a chunk has no complete replica, the master is starting.
        case unavailable
        /// No room: disk, servers with space, queue places.
        case resourceExhausted
        /// Behind the end of what can be: a chunk that takes records is full, and the next one is to be asked for.
        case outOfRange
        /// The state does not allow it, and trying again alone will not help.
        case failedPrecondition
        /// Bytes on disk or from a peer are not what they must be.
        case dataLoss
        /// The operating system denied it.
        case permissionDenied
        /// The time allowed ran out.
        case deadlineExceeded
        /// The caller gave up.
        case cancelled
        /// The peer does not know the call.
        case unimplemented
        /// A fault of ours.
        case `internal`
    }

    /// What the caller should do next.
    public enum Advice: Sendable, Equatable {
        case giveUp
        case retrySamePeer
        case tryOtherReplica
        case refreshLocations
    }

    /// What kind of error it is; stable.
    public let code: Code
    /// Names the thing and the remedy, for people.
    public let message: String
    /// What the caller should do next.
    public let advice: Advice

    /// - Parameter advice: what the caller should do, where it is not what ``code`` usually means.
    public init(_ code: Code, _ message: String, advice: Advice? = nil) {
        self.code = code
        self.message = message
        self.advice = advice ?? code.usualAdvice
    }

    /// The message.
    public var description: String { message }
}

extension DFSError.Code {
    fileprivate var usualAdvice: DFSError.Advice {
        switch self {
        case .unavailable, .deadlineExceeded: .retrySamePeer
        case .dataLoss: .tryOtherReplica
        case .outOfRange: .refreshLocations
        case .invalidArgument, .notFound, .alreadyExists, .resourceExhausted, .failedPrecondition, .permissionDenied,
            .cancelled, .unimplemented, .internal:
            .giveUp
        }
    }
}
