import DFSCore
import DFSFiles
import NIOCore
import Synchronization

extension SimulatedDisk {
    /// One call: struck by the fault where it is due, else run under the lock.
    func call<Result>(
        _ action: String, needsRoom: Bool = false, _ body: (inout sending DiskState) throws(DFSError) -> sending Result
    ) throws(DFSError) -> sending Result {
        try state.withLock { (state) throws(DFSError) -> sending Result in
            try state.plan?.step(action, needsRoom: needsRoom)
            return try body(&state)
        }
    }

    package func open(_ path: String, _ access: FileAccess) throws(DFSError) -> any OpenFile {
        try call("open \(path)", needsRoom: access == .creating || access == .scratch) { (state) throws(DFSError) in
            if access == .creating || access == .scratch || (access == .continuing && state.names[path] == nil) {
                guard state.names[path] == nil else { throw DFSError(.alreadyExists, "\(path): file exists") }
                _ = try state.node(DiskState.parent(of: path))
                state.names[path] = DiskNode(kind: .file)
            } else if try state.node(path).kind != .file {
                throw DFSError(.invalidArgument, "\(path): is a directory")
            }
        }
        return SimulatedFile(disk: self, path: path)
    }

    package func status(of path: String) throws(DFSError) -> FileStatus? {
        try call("look at \(path)") { (state) throws(DFSError) in
            state.names[path].map { FileStatus(kind: $0.kind, size: Int64($0.content.live.readableBytes)) }
        }
    }

    package func list(folder path: String) throws(DFSError) -> FolderList {
        try call("list \(path)") { (state) throws(DFSError) in
            _ = try state.node(path)
            let names = DiskState.children(of: path, in: state.names).map { String($0.dropFirst(path.count + 1)) }
            return FolderList(names: names)
        }
    }

    package func makeFolder(_ path: String) throws(DFSError) {
        try call("make \(path)", needsRoom: true) { (state) throws(DFSError) in
            var missing = path
            while state.names[missing] == nil {
                let folder = DiskNode(kind: .folder)
                state.names[missing] = folder
                state.durableNames[missing] = folder
                missing = DiskState.parent(of: missing)
            }
        }
    }

    package func rename(_ source: String, to target: String, replacing: Bool) throws(DFSError) {
        try call("rename \(source) to \(target)") { (state) throws(DFSError) in
            let node = try state.node(source)
            if !replacing, state.names[target] != nil { throw DFSError(.alreadyExists, "\(target): file exists") }
            state.names[source] = nil
            state.names[target] = node
        }
    }

    @discardableResult
    package func remove(_ path: String) throws(DFSError) -> Bool {
        try call("remove \(path)") { (state) throws(DFSError) in
            state.names.removeValue(forKey: path) != nil
        }
    }

    package func removeFolder(_ path: String) throws(DFSError) {
        try call("remove \(path)") { (state) throws(DFSError) in
            if !DiskState.children(of: path, in: state.names).isEmpty {
                throw DFSError(.alreadyExists, "\(path): directory not empty")
            }
            state.names[path] = nil
        }
    }

    package func syncFolder(_ path: String) throws(DFSError) {
        try call("sync \(path)") { (state) throws(DFSError) in
            _ = try state.node(path)
            state.syncFolder(path)
        }
    }

    package func freeBytes(at path: String) throws(DFSError) -> Int64 {
        try call("measure \(path)") { (state) throws(DFSError) in state.freeBytes }
    }

    package func lock(_ path: String) throws(DFSError) -> FileLock? {
        let isFree = try call("lock \(path)") { (state) throws(DFSError) in state.locks.insert(path).inserted }
        guard isFree else { return nil }
        return FileLock { [self] in _ = state.withLock { $0.locks.remove(path) } }
    }
}
