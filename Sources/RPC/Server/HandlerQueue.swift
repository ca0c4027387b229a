/// Runs the handlers of one connection's calls, one after the other in one task for as long as none has to wait: those of
/// most unary calls do not, and a task costs more than they do. A handler that waits keeps its task; the calls behind it
/// get another. Calls that are answered at once need none.
///
/// - `@unchecked Sendable`: touched on the connection's event loop only, where its tasks run, too.
final class HandlerQueue: @unchecked Sendable {
    private let connection: HTTP2Connection
    /// The calls whose turn comes, linked by ``ServerCall/next``: no collection, since it is hardly ever more than one.
    private var first: ServerCall?
    private var last: ServerCall?
    /// The call whose handler runs now, in the task that ``run()`` has started last.
    private var current: ServerCall?

    init(connection: HTTP2Connection) { self.connection = connection }

    func append(_ call: ServerCall) {
        if let last { last.next = call } else { first = call }
        last = call
    }

    func removeAll() {
        while popFirst() != nil {}
    }

    /// Takes in all that has come on the connection, and runs the handlers of the calls that it brings: each when its
    /// request is there, so that the handler of a unary call need not wait for it.
    func run() {
        while let call = nextCall() {
            let task = Task.immediate(executorPreference: connection.executor) { await self.work(from: call) }
            current?.task = task
            current = nil
        }
    }

    /// The next call that is not answered at once.
    private func nextCall() -> ServerCall? {
        while true {
            guard let call = popFirst() else {
                guard connection.takeNextInput() else { return nil }
                continue
            }
            if !call.answerAtOnce() { return call }
        }
    }

    private func popFirst() -> ServerCall? {
        guard let call = first else { return nil }
        first = call.next
        call.next = nil
        if first == nil { last = nil }
        return call
    }

    private nonisolated(nonsending) func work(from first: ServerCall) async {
        var next: ServerCall? = first
        while let call = next {
            current = call
            await call.run()
            // Once it has waited, the task is this call's own: it may have been cancelled with it.
            guard current === call else { return }
            current = nil
            next = nextCall()
        }
    }
}
