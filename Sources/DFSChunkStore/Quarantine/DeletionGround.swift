/// What speaks for a deletion; it decides whether the bytes in quarantine may give way on a full disk.
package enum DeletionGround: Sendable, Equatable {
    /// A Swift master ordered it. It orders deleted only what cannot be missed: chunks of an upload that it has durably
    /// abandoned, and surplus or bad copies while enough complete ones are on live servers.
    case certain
    /// Anything else, such as the order of a Go master, which forgets chunks that are whole, or a file that was found
    /// changed: these may be the last good bytes.
    case doubtful
}
