import DFSCore
import DFSFiles
import NIOCore

/// The local file of a get: written under a temporary name in its own folder, and given its name when it is whole.
///
/// ``discard()`` leaves the file system as it was before ``create(_:in:_:)``, a file of the same name included.
struct LocalTarget: Sendable {
    let path: String
    private let folder: String
    private let temporaryPath: String
    /// Made for this file, the innermost first.
    private let madeFolders: [String]
    private let file: any OpenFile
    private let files: any FileSystem

    /// Makes the folders and the temporary file.
    static func create(
        _ name: FileName, in root: String, _ context: ClientContext
    ) async throws -> LocalTarget {
        try await context.onFileThread { try LocalTarget(name, in: root, context.files) }
    }

    private init(_ name: FileName, in root: String, _ files: any FileSystem) throws(DFSError) {
        let path = (root.isEmpty ? "." : root) + "/" + name.text
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        self.path = path
        self.folder = folder
        self.files = files
        if try files.status(of: path)?.kind == .folder {
            throw DFSError(.invalidArgument, "\(path) is a folder; move it away, or choose another local folder")
        }
        madeFolders = try Self.makeFolders(folder, files)
        // Short, so that it fits where the file's own name does.
        temporaryPath = "\(folder)/.dfs-get-\(hex(UInt64.random(in: 0 ... .max), digits: 16))"
        do {
            file = try files.open(temporaryPath, .creating)
        } catch {
            Self.remove(madeFolders, files)
            throw error
        }
    }

    /// Writes `segments` from `offset` on; blocks.
    func write(_ segments: [ByteBuffer], at offset: Int) throws(DFSError) {
        try file.write(segments, at: Int64(offset))
        file.startWriteback(at: Int64(offset), count: Int64(segments.reduce(0) { $0 + $1.readableBytes }))
    }

    /// Makes content and name durable, in this order; blocks.
    func commit() throws(DFSError) {
        try file.sync()
        try files.rename(temporaryPath, to: path, replacing: true)
        try files.syncFolder(folder)
    }

    /// Removes what was made, as far as that goes; blocks. Not after a ``commit()`` that went well.
    func discard() {
        // The error that led here is the one to tell of.
        _ = try? files.remove(temporaryPath)
        Self.remove(madeFolders, files)
    }

    private static func makeFolders(_ folder: String, _ files: any FileSystem) throws(DFSError) -> [String] {
        var missing: [String] = []
        var current = folder[...]
        while !current.isEmpty, try files.status(of: String(current)) == nil {
            missing.append(String(current))
            guard let slash = current.lastIndex(of: "/") else { break }
            current = current[..<slash]
        }
        do {
            try files.makeFolder(folder)
        } catch {
            remove(missing, files)
            throw error
        }
        return missing
    }

    /// A folder that somebody else has put something into stays.
    private static func remove(_ folders: [String], _ files: any FileSystem) {
        for folder in folders { try? files.removeFolder(folder) }
    }
}
