/// A file or a folder of the tree, in four bytes: the number of its slot among the complete files, or among the folders.
struct NodeSlot: Hashable, Sendable {
    private static let folderMark: UInt32 = 1 << 31
    private let rawValue: UInt32

    static func file(_ slot: UInt32) -> NodeSlot {
        precondition(slot < folderMark, "there are at most 2^31 files")
        return NodeSlot(rawValue: slot)
    }

    static func folder(_ slot: UInt32) -> NodeSlot { NodeSlot(rawValue: slot | folderMark) }

    var isFolder: Bool { rawValue & Self.folderMark != 0 }
    var slot: UInt32 { rawValue & ~Self.folderMark }
}
