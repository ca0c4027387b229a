import DFSCore
import NIOCore

// What a simulation does to a disk beside letting calls fail.
extension SimulatedDisk {
    /// Bytes that reach the disk whole or not at all.
    private static let sectorSize = 512

    /// Whether a call met a power loss that was planned.
    var hasLostPower: Bool {
        state.withLock { state in state.plan.map { $0.hasStruck && $0.fault == .powerLoss } ?? false }
    }

    /// Syncs do nothing from now on: the bug of a store that forgets them.
    func ignoreSyncs() { state.withLock { $0.ignoresSyncs = true } }

    /// The process that used the disk has ended, or the disk is well again: no fault is planned, and locks are free. What was
    /// written stays, synced or not.
    func endProcess() {
        state.withLock { state in
            state.plan = nil
            state.locks = []
        }
    }

    /// The machine comes up after a power loss. Of what was not synced each change of a name is there or not, of each file
    /// some sectors are, and the rest is as it was.
    func losePower(_ dice: Dice) {
        state.withLock { state in
            state.plan = nil
            state.locks = []
            let changed = state.changedNames()
            for group in changed {
                let isKept = dice.chance(500)
                for path in group {
                    if isKept {
                        state.durableNames[path] = state.names[path]
                    } else {
                        state.names[path] = state.durableNames[path]
                    }
                }
            }
            for path in state.names.keys.sorted() {
                guard let node = state.names[path] else { continue }
                if node.content.live != node.content.durable {
                    node.content.durable = Self.torn(node.content.durable, node.flushed, dice)
                    node.forgetAll()
                }
                if node.attributes.live != node.attributes.durable {
                    if dice.chance(500) {
                        node.attributes.sync()
                    } else {
                        node.attributes.live = node.attributes.durable
                    }
                }
            }
        }
    }

    private static func torn(_ durable: ByteBuffer, _ live: ByteBuffer, _ dice: Dice) -> ByteBuffer {
        switch dice.number(0...2) {
        case 0: return durable
        case 1: return live
        default: break
        }
        let (old, new) = (Array(durable.readableBytesView), Array(live.readableBytesView))
        let length = dice.chance(500) ? old.count : new.count
        var bytes = [UInt8](repeating: 0, count: length)
        for start in stride(from: 0, to: length, by: sectorSize) {
            let source = dice.chance(500) ? old : new
            for at in start..<min(start + sectorSize, length) where at < source.count { bytes[at] = source[at] }
        }
        return ByteBuffer(bytes: bytes)
    }

    /// Whether file and name would be found after a power loss.
    func isDurable(_ path: String) -> Bool {
        state.withLock { state in
            guard let node = state.names[path] else { return false }
            return state.durableNames[path] === node && node.content.live == node.content.durable
        }
    }

    /// Somebody makes room: a time without it is over, or does not begin.
    func makeRoom() {
        state.withLock { state in
            if case .full? = state.plan?.fault { state.plan = nil }
        }
    }

    /// The file is there, and no read of it succeeds any more.
    func makeUnreadable(_ path: String) { state.withLock { $0.names[path]?.isUnreadable = true } }

    /// A bit of the file is another one, on the disk and for readers.
    func flipBit(of path: String, _ dice: Dice) {
        state.withLock { state in
            guard let node = state.names[path], node.content.live.readableBytes > 0 else { return }
            let at = dice.number(0...node.content.live.readableBytes - 1)
            let mask = UInt8(1) << UInt8(dice.number(0...7))
            node.content.live.flip(mask, at: at)
            if at < node.content.durable.readableBytes { node.content.durable.flip(mask, at: at) }
        }
    }
}

extension DiskState {
    /// Names that are not as they would be found after a power loss, those together that one file connects: a file that was
    /// moved has one name or the other.
    fileprivate func changedNames() -> [[String]] {
        let paths = Set(names.keys).union(durableNames.keys).filter { names[$0] !== durableNames[$0] }.sorted()
        var groups: [[String]] = []
        for path in paths {
            let nodes = [names[path], durableNames[path]].compactMap { $0 }
            let joined = groups.indices.filter { at in
                groups[at].contains { other in
                    nodes.contains { $0 === names[other] || $0 === durableNames[other] }
                }
            }
            let merged = joined.flatMap { groups[$0] } + [path]
            for at in joined.reversed() { groups.remove(at: at) }
            groups.append(merged)
        }
        return groups
    }
}

extension ByteBuffer {
    fileprivate mutating func flip(_ mask: UInt8, at position: Int) {
        let index = readerIndex + position
        guard let byte = getInteger(at: index, as: UInt8.self) else { return }
        setInteger(byte ^ mask, at: index)
    }
}
