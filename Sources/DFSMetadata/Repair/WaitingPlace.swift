/// Where a chunk waits for its copies.
enum WaitingPlace: Hashable, Sendable {
    /// To be looked at in this step or the next ones.
    case ready
    /// All servers that it could be copied from are busy: until this one has time.
    case source(ServerHandle)
    /// No server can take a copy of it: until something changes.
    case aside
}
