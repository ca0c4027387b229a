import DFSCore

/// What one folder holds, in the order of the names' bytes.
///
/// A list of sorted blocks: finding is two binary searches, adding and removing move at most one block, so that a folder of
/// a million entries is as quick as a small one, and a listing can begin anywhere.
struct FolderChildren: Sendable {
    struct Child: Sendable {
        let name: PathPart
        var node: NodeID
    }

    private static let maxBlockCount = 512

    /// No block is empty.
    private var blocks: [[Child]] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }
    var first: Child? { blocks.first?.first }

    subscript(name: PathPart) -> NodeID? {
        guard let block = block(for: name) else { return nil }
        let at = Self.position(of: name, in: blocks[block])
        guard at < blocks[block].count, blocks[block][at].name == name else { return nil }
        return blocks[block][at].node
    }

    /// Up to `limit` children with names behind `name`, or from the first on.
    func after(_ name: PathPart?, limit: Int) -> [Child] {
        var result: [Child] = []
        var block = name.flatMap { self.block(for: $0) } ?? 0
        while block < blocks.count, result.count < limit {
            let rest = blocks[block].drop { child in name.map { child.name <= $0 } ?? false }
            result.append(contentsOf: rest.prefix(limit - result.count))
            block += 1
        }
        return result
    }

    /// Adds a child under a name that is free.
    mutating func insert(_ node: NodeID, named name: PathPart) {
        count += 1
        guard let block = block(for: name) else {
            blocks.append([Child(name: name, node: node)])
            return
        }
        let at = Self.position(of: name, in: blocks[block])
        precondition(at == blocks[block].count || blocks[block][at].name != name, "a name is given once in a folder")
        blocks[block].insert(Child(name: name, node: node), at: at)
        guard blocks[block].count > Self.maxBlockCount else { return }
        // Names that come in order fill their blocks.
        let isLast = block == blocks.count - 1 && at == blocks[block].count - 1
        let cut = isLast ? blocks[block].count - 1 : blocks[block].count / 2
        let tail = Array(blocks[block][cut...])
        blocks[block].removeSubrange(cut...)
        blocks.insert(tail, at: block + 1)
    }

    /// Takes the child out; nothing happens where there is none.
    mutating func remove(_ name: PathPart) {
        guard let block = block(for: name) else { return }
        let at = Self.position(of: name, in: blocks[block])
        guard at < blocks[block].count, blocks[block][at].name == name else { return }
        blocks[block].remove(at: at)
        if blocks[block].isEmpty { blocks.remove(at: block) }
        count -= 1
    }

    /// The last block that begins at or before `name`, else the first; `nil` where there is none.
    private func block(for name: PathPart) -> Int? {
        guard !blocks.isEmpty else { return nil }
        var (low, high) = (0, blocks.count)
        while low < high {
            let middle = (low + high) / 2
            if blocks[middle][0].name <= name { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1)
    }

    /// The first position whose name is not before `name`.
    private static func position(of name: PathPart, in block: [Child]) -> Int {
        var (low, high) = (0, block.count)
        while low < high {
            let middle = (low + high) / 2
            if block[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
