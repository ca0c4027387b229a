import DFSCommandLine
import DFSCore
import DFSMetadata

/// All metadata as JSON lines, for people and scripts: folders, the trash, what is condemned, files with their chunks, and
/// last the cluster.
struct MetadataDump {
    private let write: (String) -> Void
    /// In the order in which they came; written once all are known.
    private var waiting: [FolderRecord] = []
    private var folders: [FolderID: Place] = [:]

    /// - Parameter write: takes one line after the other.
    init(write: @escaping (String) -> Void) { self.write = write }

    /// Takes the next record; all folders come first.
    mutating func add(_ record: StoredRecord) {
        if case .folder(let folder) = record {
            waiting.append(folder)
            folders[folder.id] = folder.place
            return
        }
        writeFolders()
        switch record {
        case .folder, .request, .period, .purgedThrough: break
        case .file(let file): write(text(file))
        case .server(let server):
            write(
                #"{"type":"server","address":\#(JSONLine.string(server.address.description)),"#
                    + #""nodeID":\#(JSONLine.string(server.nodeID)),"state":"\#(server.state.name)","until":\#(server.until)}"#
            )
        case .trash(let record):
            write(
                #"{"type":"trash","id":\#(JSONLine.string(record.id.text)),"path":\#(JSONLine.string(record.path.text)),"#
                    + #""removedAt":\#(record.removedAt),"isPurging":\#(record.isPurging)}"#)
        case .tombstone(let tombstone):
            write(
                #"{"type":"tombstone","file":"\#(tombstone.file)","name":\#(JSONLine.string(tombstone.name.text)),"#
                    + #""chunks":\#(tombstone.chunkCount)}"#)
        }
    }

    /// To be called when all records were taken.
    mutating func finish(clusterID: String) {
        writeFolders()
        write(
            #"{"type":"cluster","id":\#(JSONLine.string(clusterID)),"version":\#(JSONLine.string(SoftwareVersion.text))}"#
        )
    }

    private mutating func writeFolders() {
        for folder in waiting {
            write(#"{"type":"folder","path":\#(path(folder.place)),"createdAt":\#(folder.createdAt)}"#)
        }
        waiting = []
    }

    private func text(_ file: FileRecord) -> String {
        let chunks = file.chunks.map { chunk in
            let digest = chunk.digest.map {
                #","length":\#($0.length),"crc32c":"\#(hex(UInt64($0.crc32c), digits: 8))""#
            }
            let isOpen = file.openChunk?.index == chunk.index
            let servers = chunk.assigned.map { JSONLine.string($0.description) }.joined(separator: ",")
            let open = isOpen ? #","isOpen":true,"servers":[\#(servers)]"# : ""
            let id = JSONLine.string(file.header.chunkID(at: chunk.index).text)
            return #"{"index":\#(chunk.index),"id":\#(id),"version":\#(chunk.version)\#(digest ?? open)}"#
        }
        return #"{"type":"file","path":\#(path(file.place)),"id":"\#(file.header.id)","isComplete":\#(file.isSealed),"#
            + #""replication":\#(file.header.replication),"chunkSize":\#(file.header.chunkSize),"#
            + #""createdAt":\#(file.header.createdAt),"completedAt":\#(file.sealedAt ?? 0),"#
            + attributes(file.header.attributes) + #""chunks":[\#(chunks.joined(separator: ","))]}"#
    }

    /// A member, where there are any.
    private func attributes(_ attributes: FileAttributes) -> String {
        guard !attributes.isEmpty else { return "" }
        let members = attributes.all.map { "\(JSONLine.string($0.name)):\(JSONLine.string($0.value))" }
        return #""attributes":{\#(members.joined(separator: ","))},"#
    }

    /// What is in the trash begins with its removal's id there. A damaged store may have folders that are in themselves.
    private func path(_ place: Place) -> String {
        var parts = [place.name.text]
        var folder = place.parent
        while let above = folders[folder], parts.count <= folders.count {
            parts.append(above.name.text)
            folder = above.parent
        }
        if folder == .trash { parts.append("<trash>") }
        return JSONLine.string(parts.reversed().joined(separator: "/"))
    }
}
