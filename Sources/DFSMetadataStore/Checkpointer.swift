import GRDB
import Synchronization

/// Brings the write-ahead log back into the database, while the master goes on writing.
///
/// Most of it happens over a connection and on a thread of its own: a passive checkpoint, which neither waits for writers
/// nor holds them up. What they appended meanwhile, little, is then brought over between two of their commits, so that the
/// log begins at its start again instead of growing for ever (https://www.sqlite.org/wal.html, section 2.3).
final class Checkpointer: Sendable {
    /// Changes after which a checkpoint begins: a few megabytes of log.
    private static let interval = 8192

    private enum Phase {
        case counting(Int)
        case running
        case nearlyDone
    }

    private let connection: DatabaseQueue
    private let phase = Mutex(Phase.counting(0))

    init(path: String, configuration: Configuration) throws {
        connection = try DatabaseQueue(path: path, configuration: configuration)
        try connection.writeWithoutTransaction { try SQLiteMetadataStore.setUp($0) }
    }

    /// To be called after each commit, by the thread that writes over `writer`.
    func noteChanges(_ count: Int, in writer: DatabaseQueue) throws {
        switch advance(by: count) {
        case .counting: break
        case .running:
            connection.asyncWriteWithoutTransaction { [self] database in
                // One that fails is tried again after so many changes more; the log keeps what it has.
                try? Self.checkpoint(database)
                phase.withLock { $0 = .nearlyDone }
            }
        case .nearlyDone:
            try writer.writeWithoutTransaction { try Self.checkpoint($0) }
        case nil: break
        }
    }

    func close() throws { try connection.close() }

    /// What is to be done now; `nil` while the checkpoint is under way.
    private func advance(by count: Int) -> Phase? {
        phase.withLock { phase in
            switch phase {
            case .counting(let before):
                guard before + count < Self.interval else {
                    phase = .running
                    return .running
                }
                phase = .counting(before + count)
                return phase
            case .running: return nil
            case .nearlyDone:
                phase = .counting(0)
                return .nearlyDone
            }
        }
    }

    private static func checkpoint(_ database: Database) throws {
        try database.execute(sql: "PRAGMA wal_checkpoint(PASSIVE)")
    }
}
