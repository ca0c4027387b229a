import DFSCore

/// What one folder holds, in the order of the names' bytes.
///
/// A list of sorted blocks: finding is two binary searches, adding and removing move at most one block, so that a folder of
/// a million entries is as quick as a small one, and a listing can begin anywhere. The names stand in a ``TextTable``,
/// which every call is given.
struct FolderChildren: Sendable {
    struct Child: Sendable {
        let name: TextTable.Handle
        var node: NodeSlot
    }

    private static let maxBlockCount = 512

    /// No block is empty.
    private var blocks: [[Child]] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }
    var first: Child? { blocks.first?.first }

    func child(_ name: Span<UInt8>, _ texts: TextTable) -> Child? {
        guard let block = block(for: name, texts) else { return nil }
        let at = Self.position(of: name, in: blocks[block], texts)
        guard at < blocks[block].count, texts.compare(blocks[block][at].name, name) == 0 else { return nil }
        return blocks[block][at]
    }

    /// Up to `limit` children with names behind `name`.
    func after(_ name: Span<UInt8>, limit: Int, _ texts: TextTable) -> [Child] {
        guard let block = block(for: name, texts) else { return [] }
        var at = Self.position(of: name, in: blocks[block], texts)
        if at < blocks[block].count, texts.compare(blocks[block][at].name, name) == 0 { at += 1 }
        return from(block, at, limit)
    }

    /// The first children, up to `limit`.
    func prefix(_ limit: Int) -> [Child] { from(0, 0, limit) }

    private func from(_ block: Int, _ at: Int, _ limit: Int) -> [Child] {
        var result: [Child] = []
        var (block, at) = (block, at)
        while block < blocks.count, result.count < limit {
            result.append(contentsOf: blocks[block][at...].prefix(limit - result.count))
            (block, at) = (block + 1, 0)
        }
        return result
    }

    /// Adds a child; `false` where its name is taken.
    mutating func insert(_ child: Child, named name: Span<UInt8>, _ texts: TextTable) -> Bool {
        guard let block = block(for: name, texts) else {
            blocks.append([child])
            count += 1
            return true
        }
        let at = Self.position(of: name, in: blocks[block], texts)
        guard at == blocks[block].count || texts.compare(blocks[block][at].name, name) != 0 else { return false }
        blocks[block].insert(child, at: at)
        count += 1
        guard blocks[block].count > Self.maxBlockCount else { return true }
        // Names that come in order fill their blocks.
        let isLast = block == blocks.count - 1 && at == blocks[block].count - 1
        let cut = isLast ? blocks[block].count - 1 : blocks[block].count / 2
        let tail = Array(blocks[block][cut...])
        blocks[block].removeSubrange(cut...)
        blocks.insert(tail, at: block + 1)
        return true
    }

    /// Takes the child out; nothing happens where there is none.
    mutating func remove(_ name: Span<UInt8>, _ texts: TextTable) {
        guard let block = block(for: name, texts) else { return }
        let at = Self.position(of: name, in: blocks[block], texts)
        guard at < blocks[block].count, texts.compare(blocks[block][at].name, name) == 0 else { return }
        blocks[block].remove(at: at)
        if blocks[block].isEmpty { blocks.remove(at: block) }
        count -= 1
    }

    /// The last block that begins at or before `name`, else the first; `nil` where there is none.
    private func block(for name: Span<UInt8>, _ texts: TextTable) -> Int? {
        guard !blocks.isEmpty else { return nil }
        var (low, high) = (0, blocks.count)
        while low < high {
            let middle = (low + high) / 2
            if texts.compare(blocks[middle][0].name, name) <= 0 { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }

    /// The first position whose name is not before `name`.
    private static func position(of name: Span<UInt8>, in block: [Child], _ texts: TextTable) -> Int {
        var (low, high) = (0, block.count)
        while low < high {
            let middle = (low + high) / 2
            if texts.compare(block[middle].name, name) < 0 { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
