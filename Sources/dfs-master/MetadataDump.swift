import DFSCommandLine
import DFSCore
import DFSMetadata

/// All metadata as JSON lines, for people and scripts: folders, files with their chunks, the trash, what is condemned.
struct MetadataDump {
    private let image: MetadataImage
    private let folders: [FolderID: FolderRecord]

    init(_ image: MetadataImage) {
        self.image = image
        folders = Dictionary(image.folders.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Hands out one line after the other.
    func write(_ line: (String) -> Void) {
        line(
            #"{"type":"cluster","id":\#(JSONLine.string(image.clusterID)),"version":\#(JSONLine.string(SoftwareVersion.text))}"#
        )
        for folder in image.folders {
            line(#"{"type":"folder","path":\#(path(folder.place)),"createdAt":\#(folder.createdAt)}"#)
        }
        for file in image.files { line(text(file)) }
        for record in image.trash {
            line(
                #"{"type":"trash","id":\#(JSONLine.string(record.id.text)),"path":\#(JSONLine.string(record.path.text)),"#
                    + #""removedAt":\#(record.removedAt),"isPurging":\#(record.isPurging)}"#)
        }
        for tombstone in image.tombstones {
            line(
                #"{"type":"tombstone","file":"\#(tombstone.file)","name":\#(JSONLine.string(tombstone.name.text)),"#
                    + #""chunks":\#(tombstone.chunkCount)}"#)
        }
    }

    private func text(_ file: FileRecord) -> String {
        let chunks = file.chunks.map { chunk in
            let digest = chunk.digest.map {
                #","length":\#($0.length),"crc32c":"\#(hex(UInt64($0.crc32c), digits: 8))""#
            }
            let id = JSONLine.string(file.header.chunkID(at: chunk.index).text)
            return #"{"index":\#(chunk.index),"id":\#(id),"version":\#(chunk.version)\#(digest ?? "")}"#
        }
        return #"{"type":"file","path":\#(path(file.place)),"id":"\#(file.header.id)","isComplete":\#(file.isSealed),"#
            + #""replication":\#(file.header.replication),"chunkSize":\#(file.header.chunkSize),"#
            + #""createdAt":\#(file.header.createdAt),"completedAt":\#(file.sealedAt ?? 0),"#
            + #""chunks":[\#(chunks.joined(separator: ","))]}"#
    }

    /// What is in the trash begins with its removal's id there.
    private func path(_ place: Place) -> String {
        var parts = [place.name.text]
        var folder = place.parent
        while let record = folders[folder] {
            parts.append(record.place.name.text)
            folder = record.place.parent
        }
        if folder == .trash { parts.append("<trash>") }
        return JSONLine.string(parts.reversed().joined(separator: "/"))
    }
}
