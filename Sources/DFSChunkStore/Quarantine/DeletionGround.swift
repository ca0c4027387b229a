/// What speaks for a deletion; it decides whether the bytes in quarantine may give way on a full disk.
package enum DeletionGround: Sendable, Equatable {
    /// A Swift master ordered it. It orders deleted only what cannot be missed: chunks of an upload that it has durably
    /// abandoned, and surplus or bad copies while enough complete ones are on live servers.
    case certain
    /// Anything else, such as the order of a Go master, which forgets chunks that are whole, or another digest than the
    /// master knows: these may be the last good bytes.
    case doubtful
    /// Its bytes are not what they were. What is left of them may be all that there is: it is erased only when the master
    /// says that it can be missed.
    case damaged
}
