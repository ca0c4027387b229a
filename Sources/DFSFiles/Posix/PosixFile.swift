import CLinux
import DFSCore
import Glibc
import NIOCore

/// A file descriptor and its owner: closed when the last reference is gone, so no call can meet a closed one.
final class PosixFile: OpenFile {
    let descriptor: Int32
    private let path: String

    /// Takes `descriptor`, which must be open and nobody else's.
    ///
    /// - Throws: code ``DFSError/Code/invalidArgument`` for anything but a regular file; the descriptor is closed then.
    init(takingOwnershipOf descriptor: Int32, path: String) throws(DFSError) {
        self.descriptor = descriptor
        self.path = path
        let mode = try status().st_mode & S_IFMT
        if mode == S_IFDIR { throw SystemError.error(EISDIR, cannot: "open", path) }
        if mode != S_IFREG {
            throw DFSError(.invalidArgument, "cannot open \(path): not a regular file")
        }
    }

    // What close could still report was reported by sync() where it matters.
    deinit { close(descriptor) }

    func size() throws(DFSError) -> Int64 { try Int64(status().st_size) }

    func sizeAndTime() throws(DFSError) -> (size: Int64, modifiedAt: Int64) {
        let status = try status()
        let time = status.st_mtim
        return (Int64(status.st_size), Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
    }

    private func status() throws(DFSError) -> stat {
        var status = stat()
        try systemCall(cannot: "look at", path) { fstat(descriptor, &status) }
        return status
    }

    @discardableResult
    func read(upTo count: Int, at offset: Int64, into buffer: inout ByteBuffer) throws(DFSError) -> Int {
        var total = 0
        while total < count {
            var failure: DFSError?
            let position = off_t(offset) + off_t(total)
            let got = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count - total) { room in
                do throws(DFSError) {
                    return try systemCall(cannot: "read", path) {
                        pread(descriptor, room.baseAddress, min(room.count, count - total), position)
                    }
                } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            if got == 0 { break }
            total += got
        }
        return total
    }

    func write(_ segments: [ByteBuffer], at offset: Int64) throws(DFSError) {
        var gathered = GatheredWrite(segments)
        var position = offset
        while !gathered.isEmpty {
            let written = try gathered.withVectors { (vectors) throws(DFSError) -> Int in
                try systemCall(cannot: "write", path) {
                    pwritev(descriptor, vectors.baseAddress, Int32(vectors.count), off_t(position))
                }
            }
            // A regular file takes at least a byte or fails; a device that takes none would spin here.
            if written == 0 { throw SystemError.error(EIO, cannot: "write", path) }
            gathered.drop(written)
            position += Int64(written)
        }
    }

    func beginDirectWrites() -> Bool {
        // tmpfs takes such writes since Linux 6.6, and gains nothing by them.
        dfs_lives_in_memory(descriptor) == 0 && dfs_set_direct(descriptor, 1) == 0
    }

    func beginDirectReads() -> Bool { beginDirectWrites() }

    func forgetCached() { _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) }

    func read(into block: BlockBuffer, at offset: Int64) throws(DFSError) {
        block.clear()
        try block.fill { (room) throws(DFSError) -> Int in
            // The end of the file is behind a part of a disk's block; a read from there would not be aligned.
            if block.count % BlockBuffer.alignment != 0 { return 0 }
            while true {
                let got = pread(descriptor, room.baseAddress, room.count, off_t(offset) + off_t(block.count))
                if got >= 0 { return got }
                let number = errno
                if number == EINVAL, dfs_is_direct(descriptor) == 1 {
                    // This disk wants another alignment.
                    try endDirectWrites()
                } else if number != EINTR {
                    throw SystemError.error(number, cannot: "read", path)
                }
            }
        }
    }

    func setAside(_ length: Int64) throws(DFSError) -> Bool {
        while dfs_set_aside(descriptor, off_t(length)) != 0 {
            let number = errno
            if number == EOPNOTSUPP || number == ENOSYS { return false }
            if number != EINTR { throw SystemError.error(number, cannot: "set aside \(length) bytes for", path) }
        }
        return true
    }

    func write(_ block: BlockBuffer, at offset: Int64) throws(DFSError) {
        let aligned = block.count / BlockBuffer.alignment * BlockBuffer.alignment
        try block.withBytes { (bytes) throws(DFSError) in
            var done = 0
            var isCached = false
            while done < bytes.count {
                if done >= aligned, !isCached {
                    try endDirectWrites()
                    isCached = true
                }
                let rest = UnsafeRawBufferPointer(rebasing: bytes[done..<(isCached ? bytes.count : aligned)])
                let written = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(done))
                if written > 0 {
                    done += written
                } else if written < 0, errno == EINVAL, !isCached {
                    // This disk wants another alignment.
                    try endDirectWrites()
                    isCached = true
                } else if written == 0 || errno != EINTR {
                    throw SystemError.error(written == 0 ? EIO : errno, cannot: "write", path)
                }
            }
        }
    }

    private func endDirectWrites() throws(DFSError) {
        try systemCall(cannot: "write through the page cache to", path) { dfs_set_direct(descriptor, 0) }
    }

    func startWriteback(at offset: Int64, count: Int64) {
        _ = dfs_start_writeback(descriptor, off_t(offset), off_t(count))
    }

    func sync() throws(DFSError) {
        try systemCall(cannot: "sync", path) { fsync(descriptor) }
    }

    func syncData() throws(DFSError) {
        try systemCall(cannot: "sync", path) { fdatasync(descriptor) }
    }

    func truncate(to length: Int64) throws(DFSError) {
        try systemCall(cannot: "cut", path) { ftruncate(descriptor, off_t(length)) }
    }
}

extension PosixFile {
    func setAttribute(_ name: String, to text: String) throws(DFSError) -> Bool {
        var text = text
        let result = text.withUTF8 { dfs_set_attribute(descriptor, name, $0.baseAddress, $0.count) }
        if result == 0 { return true }
        let number = errno
        // ENOSPC and EDQUOT: no room for attributes says nothing about room for data.
        if [ENOTSUP, ENOSYS, EPERM, ENOSPC, EDQUOT, ERANGE, E2BIG].contains(number) { return false }
        throw SystemError.error(number, cannot: "set an attribute of", path)
    }

    func attribute(_ name: String) throws(DFSError) -> String? {
        try withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { (room) throws(DFSError) -> String? in
            let count = dfs_get_attribute(descriptor, name, room.baseAddress, room.count)
            if count >= 0 { return String(validating: room.prefix(count), as: UTF8.self) }
            let number = errno
            if [ENODATA, ENOTSUP, ENOSYS, ERANGE].contains(number) { return nil }
            throw SystemError.error(number, cannot: "read an attribute of", path)
        }
    }
}
