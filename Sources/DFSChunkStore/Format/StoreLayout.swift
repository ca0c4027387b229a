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
    /// Deleted chunks that are kept for a time: `quarantine/<unix seconds>[-spare]/<chunk id>`.
    var quarantine: String { "\(own)/quarantine" }
    /// Held by the one server of this folder.
    var lock: String { "\(own)/lock" }
    /// Who this node is, for ever.
    var nodeIDName: String { "node-id" }

    /// The file of a finished chunk.
    func chunk(_ id: ChunkID) -> String { "\(root)/\(id.text)" }

    /// The file of a chunk that is appended to.
    func open(_ id: ChunkID) -> String { "\(open)/\(id.text)" }

    /// The file of the upload with this number.
    func temporary(_ number: UInt64) -> String { "\(temporaries)/upload-\(number)" }

    /// The folder of chunks deleted around `second`.
    func quarantineFolder(_ second: Int64, _ ground: DeletionGround) -> String {
        "\(quarantine)/\(second)" + (ground == .certain ? Self.spareMark : "")
    }

    /// What the name of a folder in ``quarantine`` says; `nil` for any other name.
    static func quarantined(_ name: String) -> (second: Int64, ground: DeletionGround)? {
        let isSpare = name.hasSuffix(spareMark)
        guard let second = Int64(isSpare ? name.dropLast(spareMark.count) : name[...]) else { return nil }
        return (second, isSpare ? .certain : .doubtful)
    }

    /// Ends the names of folders whose chunks may give way on a full disk.
    private static let spareMark = "-spare"
}
