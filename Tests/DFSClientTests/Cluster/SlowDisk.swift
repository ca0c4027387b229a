import DFSCore
import DFSFiles
import DFSSimulation
import Foundation
import NIOCore

/// The local disk of a client, each of whose reads takes a while.
struct SlowDisk: FileSystem {
    let disk: SimulatedDisk
    let secondsPerRead: Double

    func open(_ path: String, _ access: FileAccess) throws(DFSError) -> any OpenFile {
        SlowFile(file: try disk.open(path, access), secondsPerRead: secondsPerRead)
    }

    func status(of path: String) throws(DFSError) -> FileStatus? { try disk.status(of: path) }
    func list(folder path: String) throws(DFSError) -> FolderList { try disk.list(folder: path) }
    func makeFolder(_ path: String) throws(DFSError) { try disk.makeFolder(path) }
    func rename(_ source: String, to target: String, replacing: Bool) throws(DFSError) {
        try disk.rename(source, to: target, replacing: replacing)
    }
    func remove(_ path: String) throws(DFSError) -> Bool { try disk.remove(path) }
    func removeFolder(_ path: String) throws(DFSError) { try disk.removeFolder(path) }
    func syncFolder(_ path: String) throws(DFSError) { try disk.syncFolder(path) }
    func freeBytes(at path: String) throws(DFSError) -> Int64 { try disk.freeBytes(at: path) }
    func lock(_ path: String) throws(DFSError) -> FileLock? { try disk.lock(path) }
}

private final class SlowFile: OpenFile {
    private let file: any OpenFile
    private let secondsPerRead: Double

    init(file: any OpenFile, secondsPerRead: Double) {
        self.file = file
        self.secondsPerRead = secondsPerRead
    }

    func read(upTo count: Int, at offset: Int64, into buffer: inout ByteBuffer) throws(DFSError) -> Int {
        Thread.sleep(forTimeInterval: secondsPerRead)
        return try file.read(upTo: count, at: offset, into: &buffer)
    }

    func size() throws(DFSError) -> Int64 { try file.size() }
    func sizeAndTime() throws(DFSError) -> (size: Int64, modifiedAt: Int64) { try file.sizeAndTime() }
    func write(_ segments: [ByteBuffer], at offset: Int64) throws(DFSError) { try file.write(segments, at: offset) }
    func beginDirectWrites() -> Bool { file.beginDirectWrites() }
    func beginDirectReads() -> Bool { file.beginDirectReads() }
    func forgetCached() { file.forgetCached() }
    func read(into block: BlockBuffer, at offset: Int64) throws(DFSError) { try file.read(into: block, at: offset) }
    func setAside(_ length: Int64) throws(DFSError) -> Bool { try file.setAside(length) }
    func write(_ block: BlockBuffer, at offset: Int64) throws(DFSError) { try file.write(block, at: offset) }
    func startWriteback(at offset: Int64, count: Int64) { file.startWriteback(at: offset, count: count) }
    func sync() throws(DFSError) { try file.sync() }
    func syncData() throws(DFSError) { try file.syncData() }
    func truncate(to length: Int64) throws(DFSError) { try file.truncate(to: length) }
    func setAttribute(_ name: String, to text: String) throws(DFSError) -> Bool {
        try file.setAttribute(name, to: text)
    }
    func attribute(_ name: String) throws(DFSError) -> String? { try file.attribute(name) }
}
