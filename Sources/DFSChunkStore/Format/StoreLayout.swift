import DFSCore

/// Where things are in a chunk server's folder: chunks by their ids, and all else below `.dfs/`.
struct StoreLayout: Sendable {
    /// The folder given by `-dir`.
    let root: String

    init(root: String) {
        self.root = root.count > 1 && root.hasSuffix("/") ? String(root.dropLast()) : root
    }

    /// What is no chunk.
    var own: String { "\(root)/.dfs" }
    /// Uploads under way; emptied at start.
    var temporaries: String { "\(own)/tmp" }
    /// Chunks that are appended to: `open/<chunk id>`.
    var open: String { "\(own)/open" }
    /// Deleted chunks that are kept for a time: `quarantine/<unix seconds>[-spare|-damaged]/<chunk id>`.
    var quarantine: String { "\(own)/quarantine" }
    /// Checksums of the blocks of longer chunks: `checksums/<chunk id>`.
    var tables: String { "\(own)/checksums" }
    /// How far the scrubber has come.
    var scrubCursorName: String { "scrub-cursor" }
    /// Held by the one server of this folder.
    var lock: String { "\(own)/lock" }
    /// Who this node is, for ever.
    var nodeIDName: String { "node-id" }

    /// The file of a finished chunk.
    func chunk(_ id: ChunkID) -> String { "\(root)/\(id.text)" }

    /// The file of a chunk that is appended to.
    func open(_ id: ChunkID) -> String { "\(open)/\(id.text)" }
    /// The checksums of a chunk's blocks.
    func table(_ id: ChunkID) -> String { "\(tables)/\(id.text)" }

    /// The file of the upload with this number.
    func temporary(_ number: UInt64) -> String { "\(temporaries)/\(Self.temporaryPrefix)\(number)" }

    /// The number in such a file's name; `nil` for any other name.
    static func temporaryNumber(_ name: String) -> UInt64? {
        name.hasPrefix(temporaryPrefix) ? UInt64(name.dropFirst(temporaryPrefix.count)) : nil
    }

    private static let temporaryPrefix = "upload-"

    /// The folder of chunks deleted around `second`.
    func quarantineFolder(_ second: Int64, _ ground: DeletionGround) -> String {
        "\(quarantine)/\(second)\(Self.mark(of: ground))"
    }

    /// What the name of a folder in ``quarantine`` says; `nil` for any other name.
    static func quarantined(_ name: String) -> (second: Int64, ground: DeletionGround)? {
        let digits = name.prefix { $0 != "-" }
        guard let second = Int64(digits) else { return nil }
        let grounds: [DeletionGround] = [.certain, .doubtful, .damaged]
        return grounds.first { name.dropFirst(digits.count) == mark(of: $0) }.map { (second, $0) }
    }

    /// Ends the names of the folders of quarantined chunks.
    private static func mark(of ground: DeletionGround) -> String {
        switch ground {
        case .certain: "-spare"
        case .doubtful: ""
        case .damaged: "-damaged"
        }
    }
}
