import DFSCore
import GRDB

/// Runs `body` and turns what SQLite throws into an error that names the file and the remedy.
func storeErrors<Value>(_ path: String, _ body: () throws -> Value) throws(DFSError) -> Value {
    do {
        return try body()
    } catch let error as DFSError {
        throw error
    } catch let error as DatabaseError {
        throw meaning(of: error, path)
    } catch {
        throw DFSError(.internal, "\(path): \(error)")
    }
}

private func meaning(of error: DatabaseError, _ path: String) -> DFSError {
    let text = error.message ?? "SQLite error \(error.resultCode.rawValue)"
    switch error.resultCode {
    case .SQLITE_FULL:
        return DFSError(.resourceExhausted, "cannot write \(path): the disk is full; free some space there")
    case .SQLITE_CORRUPT:
        return DFSError(
            .dataLoss, "\(path) is damaged (\(text)); restore it from a backup, or try sqlite3's .recover",
            advice: .giveUp)
    case .SQLITE_NOTADB:
        return DFSError(
            .failedPrecondition,
            "\(path) is not a metadata store; move it away, or choose another folder with -meta-dir")
    case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
        return DFSError(
            .permissionDenied, "cannot open \(path) for writing (\(text)); check owner and mode of it and its folder")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
        return DFSError(.unavailable, "\(path) is in use by another process; stop that", advice: .giveUp)
    case .SQLITE_IOERR:
        return DFSError(.dataLoss, "cannot read or write \(path) (\(text)); check disk and kernel log", advice: .giveUp)
    case .SQLITE_INTERRUPT: return DFSError(.cancelled, "\(path): the work was given up")
    default:
        return DFSError(.internal, "\(path): \(text)")
    }
}
