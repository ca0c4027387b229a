import DFSCore
import DFSFiles
import NIOCore

/// A file system whose calls a test hears of before they are made, and can fail or hold up, each by its kind and path.
package struct WatchedFiles: FileSystem {
    /// Kinds of calls of a file system and its files.
    package enum Call: Sendable {
        case open, status, list, makeFolder, rename, remove, removeFolder, syncFolder, freeBytes, lock
        case size, read, write, sync, truncate, setAttribute, attribute
    }

    /// Called before each call, on its thread; what it throws is what the call throws. Of a rename it is given the source.
    package typealias Watch = @Sendable (Call, String) throws(DFSError) -> Void

    private let files: any FileSystem
    private let watch: Watch

    /// - Parameter files: makes the calls.
    package init(_ files: any FileSystem, _ watch: @escaping Watch) {
        self.files = files
        self.watch = watch
    }

    package func open(_ path: String, _ access: FileAccess) throws(DFSError) -> any OpenFile {
        try watch(.open, path)
        return WatchedFile(file: try files.open(path, access), path: path, watch: watch)
    }

    package func status(of path: String) throws(DFSError) -> FileStatus? {
        try watch(.status, path)
        return try files.status(of: path)
    }

    package func list(folder path: String) throws(DFSError) -> FolderList {
        try watch(.list, path)
        return try files.list(folder: path)
    }

    package func makeFolder(_ path: String) throws(DFSError) {
        try watch(.makeFolder, path)
        try files.makeFolder(path)
    }

    package func rename(_ source: String, to target: String, replacing: Bool) throws(DFSError) {
        try watch(.rename, source)
        try files.rename(source, to: target, replacing: replacing)
    }

    @discardableResult package func remove(_ path: String) throws(DFSError) -> Bool {
        try watch(.remove, path)
        return try files.remove(path)
    }

    package func removeFolder(_ path: String) throws(DFSError) {
        try watch(.removeFolder, path)
        try files.removeFolder(path)
    }

    package func syncFolder(_ path: String) throws(DFSError) {
        try watch(.syncFolder, path)
        try files.syncFolder(path)
    }

    package func freeBytes(at path: String) throws(DFSError) -> Int64 {
        try watch(.freeBytes, path)
        return try files.freeBytes(at: path)
    }

    package func lock(_ path: String) throws(DFSError) -> FileLock? {
        try watch(.lock, path)
        return try files.lock(path)
    }
}

private final class WatchedFile: OpenFile {
    private let file: any OpenFile
    private let path: String
    private let watch: WatchedFiles.Watch

    init(file: any OpenFile, path: String, watch: @escaping WatchedFiles.Watch) {
        self.file = file
        self.path = path
        self.watch = watch
    }

    func size() throws(DFSError) -> Int64 {
        try watch(.size, path)
        return try file.size()
    }

    func sizeAndTime() throws(DFSError) -> (size: Int64, modifiedAt: Int64) {
        try watch(.size, path)
        return try file.sizeAndTime()
    }

    func read(upTo count: Int, at offset: Int64, into buffer: inout ByteBuffer) throws(DFSError) -> Int {
        try watch(.read, path)
        return try file.read(upTo: count, at: offset, into: &buffer)
    }

    func read(into block: BlockBuffer, at offset: Int64) throws(DFSError) {
        try watch(.read, path)
        try file.read(into: block, at: offset)
    }

    func write(_ segments: [ByteBuffer], at offset: Int64) throws(DFSError) {
        try watch(.write, path)
        try file.write(segments, at: offset)
    }

    func write(_ block: BlockBuffer, at offset: Int64) throws(DFSError) {
        try watch(.write, path)
        try file.write(block, at: offset)
    }

    func setAside(_ length: Int64) throws(DFSError) -> Bool {
        try watch(.write, path)
        return try file.setAside(length)
    }

    func sync() throws(DFSError) {
        try watch(.sync, path)
        try file.sync()
    }

    func syncData() throws(DFSError) {
        try watch(.sync, path)
        try file.syncData()
    }

    func truncate(to length: Int64) throws(DFSError) {
        try watch(.truncate, path)
        try file.truncate(to: length)
    }

    func setAttribute(_ name: String, to text: String) throws(DFSError) -> Bool {
        try watch(.setAttribute, path)
        return try file.setAttribute(name, to: text)
    }

    func attribute(_ name: String) throws(DFSError) -> String? {
        try watch(.attribute, path)
        return try file.attribute(name)
    }

    func beginDirectWrites() -> Bool { file.beginDirectWrites() }
    func beginDirectReads() -> Bool { file.beginDirectReads() }
    func forgetCached() { file.forgetCached() }
    func startWriteback(at offset: Int64, count: Int64) { file.startWriteback(at: offset, count: count) }
}
