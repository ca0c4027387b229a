import DFSCore
import NIOCore

extension FileSystem {
    /// Reads a small file whole; `nil` when it is not there.
    ///
    /// - Throws: code ``DFSError/Code/dataLoss`` when it has more than `limit` bytes.
    package func readSmallFile(_ path: String, limit: Int = 4096) throws(DFSError) -> String? {
        let file: any OpenFile
        do {
            file = try open(path, .reading)
        } catch  where error.code == .notFound {
            return nil
        }
        let buffer = try file.read(upTo: limit + 1, at: 0)
        if buffer.readableBytes > limit {
            throw DFSError(.dataLoss, "\(path) has more than \(limit) bytes; it is not a file of this system")
        }
        return String(buffer: buffer)
    }

    /// Replaces the file `name` in `folder` by `text` in one step: after a crash it holds the old or the new text.
    /// Durable on return.
    package func replaceSmallFile(_ name: String, in folder: String, by text: String) throws(DFSError) {
        let temporary = "\(folder)/\(name).new"
        try remove(temporary)
        let file = try open(temporary, .creating)
        try file.write([ByteBuffer(string: text)], at: 0)
        try file.sync()
        try rename(temporary, to: "\(folder)/\(name)", replacing: true)
        try syncFolder(folder)
    }
}
