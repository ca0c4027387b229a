import DFSCore
import DFSFiles
import NIOCore
import Synchronization

/// An open file of a ``SimulatedDisk``. Known by path, so it must not be used after a rename, but for reading.
final class SimulatedFile: OpenFile {
    private let disk: SimulatedDisk
    private let path: String

    init(disk: SimulatedDisk, path: String) {
        self.disk = disk
        self.path = path
    }

    func size() throws(DFSError) -> Int64 {
        let path = path
        return try disk.call("look at \(path)") { (state) throws(DFSError) in
            try Int64(state.node(path).content.live.readableBytes)
        }
    }

    func sizeAndTime() throws(DFSError) -> (size: Int64, modifiedAt: Int64) {
        let path = path
        return try disk.call("look at \(path)") { (state) throws(DFSError) in
            let node = try state.node(path)
            return (Int64(node.content.live.readableBytes), node.modifiedAt)
        }
    }

    @discardableResult
    func read(upTo count: Int, at offset: Int64, into buffer: inout ByteBuffer) throws(DFSError) -> Int {
        let path = path
        let part = try disk.call("read \(path)") { (state) throws(DFSError) -> ByteBuffer in
            let node = try state.node(path)
            if node.isUnreadable {
                throw DFSError(.dataLoss, "cannot read \(path): input/output error (simulated)")
            }
            let content = node.content.live
            let start = min(Int(offset), content.readableBytes)
            return content.getSlice(at: start, length: min(count, content.readableBytes - start)) ?? ByteBuffer()
        }
        return buffer.writeImmutableBuffer(part)
    }

    func write(_ segments: [ByteBuffer], at offset: Int64) throws(DFSError) {
        let path = path
        try disk.call("write \(path)", needsRoom: true) { (state) throws(DFSError) in
            let node = try state.node(path)
            node.modifiedAt += 1
            var position = Int(offset)
            // A gap holds zeros.
            let gap = position - node.content.live.writerIndex
            if gap > 0, Int64(gap) <= state.freeBytes { node.content.live.writeRepeatingByte(0, count: gap) }
            for segment in segments {
                // A write that meets the end of the room leaves the part that fitted, as a real one does.
                let growth = max(0, position + segment.readableBytes - node.content.live.readableBytes)
                let room = Int(clamping: max(0, state.freeBytes))
                let fitting = segment.readableBytes - max(0, growth - room)
                node.content.live.setBuffer(
                    segment.getSlice(at: segment.readerIndex, length: fitting) ?? ByteBuffer(), at: position)
                node.content.live.moveWriterIndex(to: max(node.content.live.writerIndex, position + fitting))
                if fitting < segment.readableBytes {
                    throw DFSError(.resourceExhausted, "cannot write \(path): no space left on device (simulated)")
                }
                position += fitting
            }
        }
    }

    func beginDirectWrites() -> Bool { disk.takesDirectWrites }

    func beginDirectReads() -> Bool { disk.takesDirectWrites }

    func forgetCached() {
        let path = path
        disk.state.withLock { $0.names[path]?.forgetCached() }
    }

    func read(into block: BlockBuffer, at offset: Int64) throws(DFSError) {
        precondition(offset % Int64(BlockBuffer.alignment) == 0, "a block at byte \(offset) of \(path)")
        try block.replace(by: read(upTo: BlockBuffer.capacity, at: offset))
    }

    /// Room is not kept here: the size is what is written.
    func setAside(_ length: Int64) throws(DFSError) -> Bool {
        let path = path
        return try disk.call("set aside \(length) bytes for \(path)", needsRoom: true) { (state) throws(DFSError) in
            if length > state.freeBytes {
                throw DFSError(.resourceExhausted, "cannot set aside \(path): no space left on device (simulated)")
            }
            return false
        }
    }

    func write(_ block: BlockBuffer, at offset: Int64) throws(DFSError) {
        precondition(offset % Int64(BlockBuffer.alignment) == 0, "a block at byte \(offset) of \(path)")
        try write([block.contents], at: offset)
    }

    func startWriteback(at offset: Int64, count: Int64) {}

    func sync() throws(DFSError) {
        try sync("sync", withAttributes: true)
    }

    func syncData() throws(DFSError) { try sync("sync the data of", withAttributes: false) }

    private func sync(_ action: String, withAttributes: Bool) throws(DFSError) {
        let path = path
        do throws(DFSError) {
            try disk.call("\(action) \(path)") { (state) throws(DFSError) in
                let node = try state.node(path)
                if state.ignoresSyncs { return }
                node.sync()
                if withAttributes { node.attributes.sync() }
            }
        } catch {
            // Others are no answer of the disk.
            if error.code == .dataLoss { disk.state.withLock { $0.names[path]?.failSync() } }
            throw error
        }
    }

    func truncate(to length: Int64) throws(DFSError) {
        let path = path
        try disk.call("cut \(path)") { (state) throws(DFSError) in
            let node = try state.node(path)
            node.modifiedAt += 1
            let missing = Int(length) - node.content.live.writerIndex
            if missing > 0 {
                node.content.live.writeRepeatingByte(0, count: missing)
            } else {
                node.content.live.moveWriterIndex(to: Int(length))
            }
        }
    }

    func setAttribute(_ name: String, to text: String) throws(DFSError) -> Bool {
        let path = path
        try disk.call("set an attribute of \(path)", needsRoom: true) { (state) throws(DFSError) in
            try state.node(path).attributes.live[name] = text
        }
        return true
    }

    func attribute(_ name: String) throws(DFSError) -> String? {
        let path = path
        return try disk.call("read an attribute of \(path)") { (state) throws(DFSError) in
            try state.node(path).attributes.live[name]
        }
    }
}
