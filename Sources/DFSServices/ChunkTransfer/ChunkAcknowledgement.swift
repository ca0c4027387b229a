/// What a server's OK to an upload is worth.
package enum ChunkAcknowledgement: Sendable, Equatable {
    /// A Swift server: the whole chunk is on disk under its name, checked, and the master knows.
    case durable
    /// A Go server: it has synced the file that it wrote, and checked nothing.
    case syncedUnverified
}
