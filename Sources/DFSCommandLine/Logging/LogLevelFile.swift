import DFSCore
import DFSFiles
import NIOCore

/// A file whose first word is a log level, so that the level of a running server can be changed.
package struct LogLevelFile: Sendable {
    /// More of the file is not read.
    private static let maxByteCount = 256

    package let path: String
    private let files: any FileSystem

    package init(path: String, files: any FileSystem = PosixFileSystem()) {
        self.path = path
        self.files = files
    }

    /// What the file says now. Blocks.
    ///
    /// - Throws: ``DFSError`` that names the file and the remedy.
    package func read() throws(DFSError) -> LogLevel {
        let buffer = try files.open(path, .reading).read(upTo: Self.maxByteCount, at: 0)
        let text = String(decoding: buffer.readableBytesView, as: UTF8.self)
        guard let word = text.split(whereSeparator: \.isWhitespace).first else {
            throw DFSError(.invalidArgument, "\(path) is empty; write a log level into it, such as info")
        }
        do {
            return try LogLevel(flag: String(word))
        } catch {
            throw DFSError(.invalidArgument, "\(path): \(error.message)")
        }
    }
}
