import NIOCore

/// What a handler's own calls take over from the call that it answers.
package enum CallContext {
    /// When the client of the call being answered stops waiting. Calls made meanwhile, by the handler's task or those it
    /// starts, end no later (gRPC "Deadlines", propagation).
    @TaskLocal package static var deadline: NIODeadline?

    /// The earlier of a call's own deadline and the one taken over.
    static func deadline(after timeout: Duration?) -> NIODeadline? {
        let own = timeout.map { NIODeadline.now() + TimeAmount($0) }
        guard let inherited = deadline else { return own }
        return own.map { min($0, inherited) } ?? inherited
    }
}
