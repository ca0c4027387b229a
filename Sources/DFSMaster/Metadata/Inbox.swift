import DFSCore
import DFSMetadata

/// What waits for the manager's thread, and who waits for its answers.
struct Inbox: Sendable {
    /// Calls beyond this number of waiting inputs are refused.
    private static let maxCount = 20_000

    private(set) var inputs: [Input] = []
    /// Whether one of them is a tick. Another one would say nothing more, and where the master is behind they would be
    /// what it is busy with, while heartbeats wait.
    private var hasTick = false
    private var isDraining = false
    /// Whether everything that comes is refused.
    private(set) var isClosed = false
    /// Set by a graceful stop: connections that the master itself closes say nothing of their writers.
    var ignoresConnections = false
    private var nextToken: UInt64 = 1
    private var waiting: [CallToken: CheckedContinuation<Answer, any Error>] = [:]
    /// Why the store cannot be written, once that is so.
    private(set) var failure: DFSError?
    var onFailure: (@Sendable (DFSError) -> Void)?

    /// Adds an event; after the end, and once told to ignore connections, it is dropped, and so is a tick behind one that waits.
    ///
    /// - Returns: whether the manager's thread must be woken.
    mutating func post(_ input: Input) -> Bool {
        switch input {
        case .connectionClosed where ignoresConnections: return false
        case .tick:
            if hasTick { return false }
            hasTick = !isClosed
        default: break
        }
        return append(input)
    }

    /// Adds a question and whom to answer.
    ///
    /// - Returns: whether the manager's thread must be woken, or why the question is refused.
    mutating func ask(
        _ question: (CallToken) -> Input, _ continuation: CheckedContinuation<Answer, any Error>
    ) -> Result<Bool, DFSError> {
        if isClosed { return .failure(DFSError(.unavailable, "the master is stopping; try again in a moment")) }
        guard inputs.count < Self.maxCount else {
            let text = "the master is overloaded; try again later"
            return .failure(DFSError(.resourceExhausted, text, advice: .retrySamePeer))
        }
        let token = CallToken(rawValue: nextToken)
        nextToken += 1
        waiting[token] = continuation
        return .success(append(question(token)))
    }

    /// Takes all inputs; when there are none, the next one wakes the thread again.
    mutating func take() -> [Input] {
        isDraining = !inputs.isEmpty
        hasTick = false
        defer { inputs = [] }
        return inputs
    }

    /// Takes the caller that waits for an answer.
    mutating func caller(_ call: CallToken) -> CheckedContinuation<Answer, any Error>? {
        waiting.removeValue(forKey: call)
    }

    /// Refuses everything that comes from now on.
    mutating func close() {
        isClosed = true
    }

    /// Ends the inbox because of `cause`.
    ///
    /// - Returns: all callers that still wait.
    mutating func fail(_ cause: DFSError) -> [CheckedContinuation<Answer, any Error>] {
        failure = cause
        isClosed = true
        inputs = []
        defer { waiting = [:] }
        return Array(waiting.values)
    }

    private mutating func append(_ input: Input) -> Bool {
        guard !isClosed else { return false }
        inputs.append(input)
        guard !isDraining else { return false }
        isDraining = true
        return true
    }
}
