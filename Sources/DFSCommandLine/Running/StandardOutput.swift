import DFSCore
import Glibc

/// Lines of results on standard output, for listings: their reader may have had enough, and a disk may be full.
package enum StandardOutput {
    /// Writes `line` and a newline, in time.
    ///
    /// - Throws: ``SilentFailure`` where the reader of a pipe has gone away; ``DFSError`` where something else is wrong.
    package static func print(_ line: String) throws {
        if puts(line) == EOF { throw failure(errno) }
    }

    /// Returns when all lines are written.
    ///
    /// - Throws: as ``print(_:)``.
    package static func flush() throws {
        if fflush(nil) == EOF { throw failure(errno) }
    }

    private static func failure(_ number: Int32) -> any Error {
        if number == EPIPE || number == EBADF { return SilentFailure() }
        let words = strerror(number).map { String(cString: $0).lowercased() } ?? "error \(number)"
        return DFSError(.failedPrecondition, "cannot write to standard output: \(words)")
    }
}
