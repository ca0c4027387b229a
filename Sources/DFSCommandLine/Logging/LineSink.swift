import Glibc
import Synchronization

/// A place for whole lines.
package struct LineSink: Sendable {
    package let write: @Sendable (String) -> Void

    /// - Parameter write: Called from any thread with one whole line, its newline included.
    package init(_ write: @escaping @Sendable (String) -> Void) { self.write = write }

    /// File descriptor 2.
    ///
    /// One `write(2)` a line, so that lines of several threads and processes do not mix. A line that cannot be written is
    /// dropped: logging never stops a node.
    package static let standardError = LineSink { line in
        var line = line
        line.withUTF8 { bytes in
            turn.withLock { _ in writeAll(bytes) }
        }
    }

    /// Held while a line is written: the kernel may take a long line in parts.
    private static let turn = Mutex(())

    private static func writeAll(_ bytes: UnsafeBufferPointer<UInt8>) {
        var rest = UnsafeRawBufferPointer(bytes)
        while !rest.isEmpty {
            let written = Glibc.write(STDERR_FILENO, rest.baseAddress, rest.count)
            if written < 0 {
                if errno == EINTR { continue }
                return
            }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
        }
    }
}
