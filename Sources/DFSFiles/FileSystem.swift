import DFSCore
import NIOCore
import Synchronization

/// The seam to the operating system's files: every module but this one touches files through it.
///
/// All calls block, so they belong on a thread that may block, never on an event loop. Errors are ``DFSError`` that name
/// the path and the remedy. Paths are used as they are; checking names that came from a peer is the caller's business.
package protocol FileSystem: Sendable {
    /// Opens `path`; the file is closed when the last reference to the result is gone.
    func open(_ path: String, _ access: FileAccess) throws(DFSError) -> any OpenFile

    /// What `path` is, without following a symbolic link at its end; `nil` when there is nothing.
    func status(of path: String) throws(DFSError) -> FileStatus?

    /// The names in the folder `path`.
    func list(folder path: String) throws(DFSError) -> FolderList

    /// Makes the folder `path` and those above it, where missing. What it made is durable on return.
    func makeFolder(_ path: String) throws(DFSError)

    /// Moves a file in one step: a crash leaves it under one of the names. Durable once both folders were synced.
    ///
    /// - Throws: code ``DFSError/Code/alreadyExists`` when `target` is there and `replacing` is false.
    func rename(_ source: String, to target: String, replacing: Bool) throws(DFSError)

    /// Removes the file `path`; says false when there was none.
    @discardableResult func remove(_ path: String) throws(DFSError) -> Bool

    /// Removes the empty folder `path`.
    func removeFolder(_ path: String) throws(DFSError)

    /// Makes names made, moved and removed in the folder `path` durable.
    func syncFolder(_ path: String) throws(DFSError)

    /// Bytes that an unprivileged process may still write on the file system that holds `path`.
    func freeBytes(at path: String) throws(DFSError) -> Int64

    /// Takes the lock file `path`, made where missing, for this process alone until the result is gone or the process
    /// ends. What is locked is the file that has this name when this returns.
    ///
    /// - Returns: `nil` when another holder has it.
    func lock(_ path: String) throws(DFSError) -> FileLock?
}

extension FileSystem {
    /// The names in the folder `path` that are UTF-8, without `.` and `..`, in no order. Others cannot be names of ours.
    package func names(inFolder path: String) throws(DFSError) -> [String] { try list(folder: path).names }
}

/// What a folder holds, without `.` and `..`, in no order.
package struct FolderList: Sendable {
    package var names: [String] = []
    /// Names that are no UTF-8, with U+FFFD in place of what is none.
    package var unusableNames: [String] = []

    package init(names: [String] = []) { self.names = names }
}

/// How a file is opened.
package enum FileAccess: Sendable {
    /// An existing regular file, for reading.
    case reading
    /// A new file, for writing and reading; it must not exist.
    case creating
    /// A file for writing and reading that goes on with what it holds, or a new one; never through a symbolic link.
    case continuing
    /// As a new file, and its name is gone at once: the file lasts as long as it is open.
    case scratch
}

/// What stands at a path.
package struct FileStatus: Sendable, Equatable {
    /// The kinds that matter here.
    package enum Kind: Sendable { case file, folder, symbolicLink, other }

    /// What it is.
    package let kind: Kind
    /// Bytes, of a file.
    package let size: Int64

    package init(kind: Kind, size: Int64) {
        self.kind = kind
        self.size = size
    }
}

/// Holds a lock until it is told to give it up, or while it lives.
package final class FileLock: Sendable {
    private let release: @Sendable () -> Void
    private let isReleased = Atomic(false)

    /// - Parameter release: called once, when the lock is given up.
    package init(release: @escaping @Sendable () -> Void) { self.release = release }

    /// Gives the lock up; once more does nothing.
    package func unlock() {
        if !isReleased.exchange(true, ordering: .relaxed) { release() }
    }

    deinit { unlock() }
}
