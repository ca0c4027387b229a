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
    var attributes = Remembered(live: [String: String](), durable: [:])
    /// Counts the changes of the content.
    var modifiedAt: Int64 = 0

    init(kind: FileStatus.Kind) { self.kind = kind }
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
        capacity - names.values.reduce(0) { $0 + Int64($1.content.live.readableBytes) }
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
                node.content.sync()
                node.attributes.sync()
            }
            node.content.live = node.content.durable
            node.attributes.live = node.attributes.durable
        }
    }
}
