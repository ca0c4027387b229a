import CLinux
import DFSCore
import Glibc
import NIOCore

/// The real files of this machine.
package struct PosixFileSystem: FileSystem {
    package init() {}

    package func open(_ path: String, _ access: FileAccess) throws(DFSError) -> any OpenFile {
        let flags =
            switch access {
            case .reading: O_RDONLY | O_NONBLOCK | O_CLOEXEC  // a FIFO would block the thread
            case .creating, .scratch: O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC
            case .continuing: O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
            }
        let action =
            switch access {
            case .reading, .continuing: "open"
            case .creating, .scratch: "create"
            }
        let descriptor = try systemCall(cannot: action, path) { Glibc.open(path, flags, 0o644) }
        if access == .scratch { unlink(path) }
        return try PosixFile(takingOwnershipOf: descriptor, path: path)
    }

    package func status(of path: String) throws(DFSError) -> FileStatus? {
        var status = stat()
        do {
            try systemCall(cannot: "look at", path) { lstat(path, &status) }
        } catch  where error.code == .notFound {
            return nil
        }
        return FileStatus(kind: FileStatus.Kind(mode: status.st_mode), size: Int64(status.st_size))
    }

    package func rename(_ source: String, to target: String, replacing: Bool) throws(DFSError) {
        if replacing {
            try systemCall(cannot: "rename \(source) to", target) { Glibc.rename(source, target) }
            return
        }
        if dfs_rename_noreplace(source, target) == 0 { return }
        let number = errno
        guard number == EINVAL || number == ENOSYS else {
            throw SystemError.error(number, cannot: "rename \(source) to", target)
        }
        // A file system that cannot rename without replacing: a second name, then the first is dropped. A crash between
        // the two leaves both, which is what the removal of temporaries at start expects.
        try systemCall(cannot: "link \(source) to", target) { link(source, target) }
        try systemCall(cannot: "remove", source) { unlink(source) }
    }

    @discardableResult
    package func remove(_ path: String) throws(DFSError) -> Bool {
        do {
            try systemCall(cannot: "remove", path) { unlink(path) }
        } catch  where error.code == .notFound {
            return false
        }
        return true
    }

    package func freeBytes(at path: String) throws(DFSError) -> Int64 {
        var status = statvfs()
        try systemCall(cannot: "measure the free space of", path) { statvfs(path, &status) }
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflow ? .max : Int64(clamping: bytes)
    }

    /// A name that is given to another file so often while it is locked is in use by others.
    private static let maxLockAttempts = 10

    package func lock(_ path: String) throws(DFSError) -> FileLock? { try lock(path) {} }

    /// - Parameter onOpen: called between opening and locking; for tests.
    func lock(_ path: String, onOpen: () -> Void) throws(DFSError) -> FileLock? {
        for _ in 0..<Self.maxLockAttempts {
            guard let descriptor = try lockedDescriptor(path, onOpen: onOpen) else { return nil }
            // Whoever held the lock before may have renamed or removed the file since it was opened.
            var (locked, named) = (stat(), stat())
            if fstat(descriptor, &locked) == 0, stat(path, &named) == 0, locked.st_dev == named.st_dev,
                locked.st_ino == named.st_ino
            {
                return FileLock { close(descriptor) }
            }
            close(descriptor)
        }
        return nil
    }

    /// - Returns: `nil` when another holder has the file that was there.
    private func lockedDescriptor(_ path: String, onOpen: () -> Void) throws(DFSError) -> Int32? {
        let descriptor = try systemCall(cannot: "open", path) {
            Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        }
        onOpen()
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let number = errno
            if number == EINTR { continue }
            close(descriptor)
            if number == EWOULDBLOCK { return nil }
            throw SystemError.error(number, cannot: "lock", path)
        }
        return descriptor
    }
}

extension FileStatus.Kind {
    fileprivate init(mode: mode_t) {
        switch mode & S_IFMT {
        case S_IFREG: self = .file
        case S_IFDIR: self = .folder
        case S_IFLNK: self = .symbolicLink
        default: self = .other
        }
    }
}
