import DFSCore

/// One thing that a store holds, as it is read back at start.
package enum StoredRecord: Sendable, Equatable {
    case folder(FolderRecord)
    case trash(TrashRecord)
    /// As in ``Mutation/purgeThrough(_:)``.
    case purgedThrough(PathPart)
    case request(RequestRecord)
    case tombstone(Tombstone)
    case period(UsePeriod)
    case server(ServerRecord)
    case file(FileRecord)
}
