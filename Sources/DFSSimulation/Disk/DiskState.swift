import DFSCore
import DFSFiles
import NIOCore

/// Something as the running system sees it, and as it would be found after a power loss.
struct Remembered<Value> {
    var live: Value
    var durable: Value

    mutating func sync() { durable = live }
}

/// A file or folder apart from its name.
final class DiskNode {
    let kind: FileStatus.Kind
    var content = Remembered(live: ByteBuffer(), durable: ByteBuffer())
    /// What a failed sync left in the page cache: it reads like all else, and no later sync writes it.
    private var cached: ByteBuffer?
    var attributes = Remembered(live: [String: String](), durable: [:])
    /// Counts the changes of the content.
    var modifiedAt: Int64 = 0
    /// What it holds does not come back: reads of it fail, again and again.
    var isUnreadable = false

    init(kind: FileStatus.Kind) { self.kind = kind }

    /// What a sync would leave on the disk: of a file whose last one failed only the size, and what changed since.
    var flushed: ByteBuffer {
        guard let cached else { return content.live }
        var bytes = resized(content.durable)
        let (old, new) = (cached.readableBytesView, content.live.readableBytesView)
        for (at, byte) in new.enumerated() where at >= old.count || old[old.startIndex + at] != byte {
            bytes.setInteger(byte, at: at)
        }
        return bytes
    }

    func sync() {
        content.durable = flushed
        cached = content.durable == content.live ? nil : content.live
    }

    /// A sync fails, which the file system tells once: it takes for written what it could not write.
    func failSync() {
        if content.live != content.durable { cached = content.live }
    }

    /// The page cache forgets what it takes for written.
    func forgetCached() {
        guard cached == content.live else { return }
        content.live = resized(content.durable)
        cached = nil
    }

    /// The machine was down, and the disk has what `content.durable` says.
    func forgetAll() {
        content.live = content.durable
        cached = nil
    }

    /// With the size of the file as it is, and zeros where nothing was written.
    private func resized(_ bytes: ByteBuffer) -> ByteBuffer {
        var bytes = ByteBuffer(bytes: bytes.readableBytesView.prefix(content.live.readableBytes))
        bytes.writeRepeatingByte(0, count: content.live.readableBytes - bytes.readableBytes)
        return bytes
    }
}

/// All that a ``SimulatedDisk`` guards by its lock.
struct DiskState {
    let capacity: Int64
    var names: [String: DiskNode] = ["": DiskNode(kind: .folder)]
    var durableNames: [String: DiskNode] = ["": DiskNode(kind: .folder)]
    var locks: Set<String> = []
    var plan: FaultPlan?
    /// Syncs do nothing.
    var ignoresSyncs = false

    init(capacity: Int64) { self.capacity = capacity }

    var freeBytes: Int64 {
        if plan?.leavesNoRoom == true { return 0 }
        return capacity - names.values.reduce(0) { $0 + Int64($1.content.live.readableBytes) }
    }

    /// The node at `path`, or the error that the real call gives.
    func node(_ path: String) throws(DFSError) -> DiskNode {
        guard let node = names[path] else { throw DFSError(.notFound, "\(path): no such file or directory") }
        return node
    }

    /// The path of the folder that holds `path`.
    static func parent(of path: String) -> String {
        path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? ""
    }

    /// Paths directly in `folder`.
    static func children(of folder: String, in names: [String: DiskNode]) -> [String] {
        names.keys.filter { $0 != folder && parent(of: $0) == folder }
    }

    mutating func syncFolder(_ path: String) {
        if ignoresSyncs { return }
        for child in Self.children(of: path, in: durableNames) where names[child] == nil { durableNames[child] = nil }
        for child in Self.children(of: path, in: names) { durableNames[child] = names[child] }
    }

    mutating func restart(keepingUnsynced: Bool) {
        plan = nil
        locks = []
        if keepingUnsynced { durableNames = names }
        names = durableNames
        for node in names.values {
            if keepingUnsynced {
                node.sync()
                node.attributes.sync()
            }
            node.forgetAll()
            node.attributes.live = node.attributes.durable
        }
    }
}
