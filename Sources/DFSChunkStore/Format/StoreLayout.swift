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
    /// Deleted chunks that are kept for a time: `quarantine/<unix seconds>/<chunk id>`.
    var quarantine: String { "\(own)/quarantine" }
    /// Held by the one server of this folder.
    var lock: String { "\(own)/lock" }
    /// Who this node is, for ever.
    var nodeIDName: String { "node-id" }

    /// The file of a finished chunk.
    func chunk(_ id: ChunkID) -> String { "\(root)/\(id.text)" }

    /// The file of the upload with this number.
    func temporary(_ number: UInt64) -> String { "\(temporaries)/upload-\(number)" }

    /// The folder of chunks deleted around `second`.
    func quarantineFolder(_ second: Int64) -> String { "\(quarantine)/\(second)" }
}
