import DFSCore
import DFSFiles

/// The temporary file of a get that can be resumed: its name says which file of the cluster it holds a part of.
///
/// Chunk ids stand for the same bytes for ever, so a file that was replaced in the cluster has another name here; and what
/// is in it counts only where a chunk's bytes match the checksum that the master tells.
struct PartialFile: Sendable {
    let path: String
    let lock: FileLock
    /// Begins the names of all temporary files of gets.
    static let prefix = ".dfs-get-"
    private static let suffix = ".partial"

    /// Takes the partial file of `layout` in `folder`, made where missing, and removes those of other files that had the
    /// same name in the cluster. Blocks.
    ///
    /// - Returns: `nil` where another get holds it, and where the master does not tell the file's length.
    init?(of layout: FileLayout, in folder: String, _ files: any FileSystem) throws(DFSError) {
        guard let length = layout.length else { return nil }
        let start = Self.prefix + Self.digest([layout.name]) + "-"
        let name = start + Self.digest(layout.chunks.map(\.id)) + Self.suffix
        for stale in try files.names(inFolder: folder)
        where stale.hasPrefix(start) && stale.hasSuffix(Self.suffix) && stale != name {
            let path = "\(folder)/\(stale)"
            // One that another get is working on stays.
            guard let lock = try files.lock(path) else { continue }
            try files.remove(path)
            withExtendedLifetime(lock) {}
        }
        path = "\(folder)/\(name)"
        guard let lock = try files.lock(path) else { return nil }
        self.lock = lock
        // Nobody of ours has made it so long.
        if let size = try files.status(of: path)?.size, size > length { try files.remove(path) }
    }

    /// Whether a get has made the file of this name, and was killed or is under way: `.dfs-get-` and 16 digits, or twice as many
    /// and `.partial`.
    static func isLeftover(_ name: String) -> Bool {
        guard name.hasPrefix(prefix) else { return false }
        let rest = name.dropFirst(prefix.count)
        let isPartial = rest.hasSuffix(suffix)
        let numbers = rest.dropLast(isPartial ? suffix.count : 0).split(
            separator: "-", omittingEmptySubsequences: false)
        return numbers.count == (isPartial ? 2 : 1)
            && numbers.allSatisfy { $0.utf8.count == 16 && $0.utf8.allSatisfy("0123456789abcdef".utf8.contains) }
    }

    /// FNV-1a, of 64 bits: names apart what nobody forges, since the bytes are compared all the same.
    private static func digest(_ texts: [String]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for text in texts {
            for byte in Array(text.utf8) + [0] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        return hex(hash, digits: 16)
    }
}
