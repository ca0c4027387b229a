import DFSCore
import DFSFiles
import NIOCore
import Synchronization

/// A file to which puts append their receipts, one line each.
///
/// Held by one process at a time, from `init` until the log is gone. See ``PutOptions/receipts``.
public final class ReceiptLog: Sendable {
    private struct Tail {
        /// Where the next line goes.
        var end: Int64
        /// A line that was cut off by a crash stands before it.
        var isInLine: Bool
    }

    private let path: String
    private let file: any OpenFile
    private let lock: FileLock
    private let tail: Mutex<Tail>

    /// Opens `path`, made where missing, to go on behind what it holds. Its name is durable on return. Blocks.
    ///
    /// - Throws: ``DFSError``; of code `unavailable` while another put writes to it.
    public convenience init(_ path: String) throws(DFSError) {
        try self.init(path, files: PosixFileSystem())
    }

    package init(_ path: String, files: any FileSystem) throws(DFSError) {
        self.path = path
        file = try files.open(path, .continuing)
        guard let lock = try files.lock(path) else {
            throw DFSError(
                .unavailable, "another put writes its receipts to \(path); wait for it, or name another file")
        }
        self.lock = lock
        let end = try file.size()
        let isInLine = end > 0 ? try file.read(upTo: 1, at: end - 1).getInteger(at: 0) != UInt8(ascii: "\n") : false
        tail = Mutex(Tail(end: end, isInLine: isInLine))
        try files.syncFolder(path.parentPath ?? ".")
    }

    /// Appends a line. Durable on return. Blocks; any number of threads may call.
    func append(_ receipt: Receipt) throws(DFSError) {
        // Held during disk calls on purpose: lines come one after the other.
        try tail.withLock { (tail) throws(DFSError) in
            let line = ByteBuffer(string: (tail.isInLine ? "\n" : "") + receipt.line + "\n")
            do throws(DFSError) {
                try file.write([line], at: tail.end)
                try file.sync()
            } catch {
                // A part of it may stand there.
                if let size = try? file.size(), size > tail.end { tail = Tail(end: size, isInLine: true) }
                throw DFSError(
                    error.code, "\(receipt.name) is stored, its receipt is not: \(error.message)", advice: error.advice)
            }
            tail = Tail(end: tail.end + Int64(line.readableBytes), isInLine: false)
        }
    }
}
