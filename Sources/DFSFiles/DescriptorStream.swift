import DFSCore
import Glibc
import NIOCore
import Synchronization

/// An open descriptor that is read or written from front to back: a pipe, a terminal, a socket or a file.
///
/// It does not own the descriptor, and works whether that blocks or not. Calls block, one at a time; ``stop()`` ends the one
/// under way and all later ones, so that a task which waits for a pipe can be cancelled.
package final class DescriptorStream: Sendable {
    /// How errors call it, such as `standard input`.
    package let name: String
    private let descriptor: Int32
    /// A file is always ready, and takes any number of bytes at once.
    private let isFile: Bool
    private let isStopped = Atomic(false)

    /// How long ``stop()`` may go unseen.
    private static let pollMilliseconds: Int32 = 100

    /// - Parameter descriptor: stays open for as long as this is used; nobody else reads or writes there meanwhile.
    package init(_ descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
        var status = stat()
        isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Ends the call under way, and all later ones, with an error of code ``DFSError/Code/cancelled``.
    package func stop() { isStopped.store(true, ordering: .relaxed) }

    /// The next bytes, `count` of them unless the stream ends before; none at its end.
    ///
    /// - Parameter isPatient: otherwise as many as there are at once, at least one.
    package func read(upTo count: Int, isPatient: Bool = true) throws(DFSError) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        while buffer.readableBytes < count, isPatient || buffer.readableBytes == 0 {
            try waitUntil(POLLIN)
            var number: Int32 = 0
            let wanted = count - buffer.readableBytes
            let got = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { room in
                let got = Glibc.read(descriptor, room.baseAddress, min(room.count, wanted))
                number = got < 0 ? errno : 0
                return max(0, got)
            }
            if number == 0, got == 0 { break }
            if number != 0, number != EINTR, number != EAGAIN {
                throw SystemError.error(number, cannot: "read", name)
            }
        }
        return buffer
    }

    /// Writes all readable bytes of `segments`, in order.
    ///
    /// - Throws: code ``DFSError/Code/cancelled`` where the reader of a pipe has gone away, or the
    ///   descriptor is closed.
    package func write(_ segments: [ByteBuffer]) throws(DFSError) {
        for segment in segments {
            try segment.withUnsafeReadableBytes { (bytes) throws(DFSError) in try write(bytes) }
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(DFSError) {
        var rest = bytes
        while !rest.isEmpty {
            try waitUntil(POLLOUT)
            // A pipe that is ready has room for so many bytes; more could block where no stop is seen.
            let written = Glibc.write(
                descriptor, rest.baseAddress, isFile ? rest.count : min(rest.count, Int(PIPE_BUF)))
            if written >= 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
                continue
            }
            let number = errno
            if number == EPIPE || number == EBADF { throw DFSError(.cancelled, "\(name) is closed") }
            if number != EINTR, number != EAGAIN { throw SystemError.error(number, cannot: "write", name) }
        }
    }

    /// Waits until the descriptor is ready, or in a state that the next call tells of.
    private func waitUntil(_ event: Int32) throws(DFSError) {
        while !isStopped.load(ordering: .relaxed) {
            if isFile { return }
            var request = pollfd(fd: descriptor, events: Int16(event), revents: 0)
            if poll(&request, 1, Self.pollMilliseconds) > 0 { return }
        }
        throw DFSError(.cancelled, "\(name) was given up")
    }
}
