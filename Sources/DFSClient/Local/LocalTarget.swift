import DFSCore
import DFSFiles
import NIOCore

/// The local file of a get: written under a temporary name in its own folder, and given its name when it is whole.
///
/// ``discard()`` leaves the file system as it was before ``create(_:in:resuming:isDurable:_:)``, a file of the same name included.
struct LocalTarget: Sendable {
    let path: String
    private let folder: String
    private let temporaryPath: String
    /// Made for this file, the innermost first.
    private let madeFolders: [String]
    private let file: any OpenFile
    /// Held by a get that can be resumed; without it the temporary file is of this get alone.
    private let partial: PartialFile?
    /// Whether content and name are on disk after ``commit(_:)``.
    private let isDurable: Bool
    private let files: any FileSystem

    /// Makes the folders and the temporary file.
    ///
    /// - Parameter layout: of the file, for a get that goes on with what an earlier one has left, and leaves what it has
    ///   itself; `nil` for one that does neither.
    static func create(
        _ name: FileName, in root: String, resuming layout: FileLayout?, isDurable: Bool, _ context: ClientContext
    ) async throws -> LocalTarget {
        try await context.onFileThread {
            try LocalTarget(name, in: root, resuming: layout, isDurable: isDurable, context.files)
        }
    }

    private init(
        _ name: FileName, in root: String, resuming layout: FileLayout?, isDurable: Bool, _ files: any FileSystem
    ) throws(DFSError) {
        let path = (root.isEmpty ? "." : root) + "/" + name.text
        let folder = path.parentPath ?? "."
        self.path = path
        self.folder = folder
        self.files = files
        self.isDurable = isDurable
        if try files.status(of: path)?.kind == .folder {
            throw DFSError(.invalidArgument, "\(path) is a folder; move it away, or choose another local folder")
        }
        madeFolders = try Self.makeFolders(folder, files)
        do {
            partial = if let layout { try PartialFile(of: layout, in: folder, files) } else { nil }
            // Short, so that it fits where the file's own name does.
            temporaryPath =
                partial?.path ?? "\(folder)/\(PartialFile.prefix)\(hex(UInt64.random(in: 0 ... .max), digits: 16))"
            file = try files.open(temporaryPath, partial == nil ? .creating : .continuing)
        } catch {
            Self.remove(madeFolders, files)
            throw error
        }
    }

    /// Writes `segments` from `offset` on; blocks.
    func write(_ segments: [ByteBuffer], at offset: Int) throws(DFSError) {
        try file.write(segments, at: Int64(offset))
        guard isDurable else { return }
        file.startWriteback(at: Int64(offset), count: Int64(segments.reduce(0) { $0 + $1.readableBytes }))
    }

    /// Whether it goes on with what an earlier get has left.
    var isResumable: Bool { partial != nil }

    /// Whether the bytes from `offset` on, as many as `length`, are there already and have this checksum; blocks.
    func holds(_ length: Int, at offset: Int, crc32c: UInt32) throws(DFSError) -> Bool {
        guard try file.size() >= offset + length else { return false }
        var sum = CRC32C()
        var position = 0
        while position < length {
            let buffer = try file.read(upTo: min(1 << 20, length - position), at: Int64(offset + position))
            if buffer.readableBytes == 0 { return false }
            sum.update(buffer)
            position += buffer.readableBytes
        }
        return sum.value == crc32c
    }

    /// Gives the file its name, and makes content and name durable, in this order, if this is asked for; blocks. A file that was
    /// there is never replaced by one whose content a power loss could take.
    ///
    /// - Parameter folderSyncs: makes the name durable later, with others; `nil`: at once.
    func commit(_ folderSyncs: FolderSyncs?) throws(DFSError) {
        let mustSync = isDurable ? true : try files.status(of: path) != nil
        if mustSync { try file.sync() }
        try files.rename(temporaryPath, to: path, replacing: true)
        guard isDurable else { return }
        if let folderSyncs { try folderSyncs.note(folder) } else { try files.syncFolder(folder) }
    }

    /// After a get that failed: leaves what is there to the next one, if that can go on with it, and otherwise does as
    /// ``discard()``; blocks. The next one need not wait until nothing holds this target any more.
    ///
    /// - Returns: whether something is left.
    func leave() -> Bool {
        defer { partial?.lock.unlock() }
        if partial != nil, let size = try? file.size(), size > 0 { return true }
        discard()
        return false
    }

    /// Removes what was made, as far as that goes; blocks. Not after a ``commit(_:)`` that went well.
    func discard() {
        // The error that led here is the one to tell of.
        _ = try? files.remove(temporaryPath)
        Self.remove(madeFolders, files)
    }

    private static func makeFolders(_ folder: String, _ files: any FileSystem) throws(DFSError) -> [String] {
        var missing: [String] = []
        var current = folder
        while try files.status(of: current) == nil {
            missing.append(current)
            guard let parent = current.parentPath, parent != current else { break }
            current = parent
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
