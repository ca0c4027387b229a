import DFSCore
import DFSFiles

extension ChunkStore {
    /// The node id in the folder, or `new`, which is durable on return.
    static func keptNodeID(_ files: any FileSystem, _ layout: StoreLayout, new: String) throws(DFSError) -> String {
        if let kept = try files.readSmallFile("\(layout.own)/\(layout.nodeIDName)") {
            let id = kept.prefix { $0 != "\n" }
            if !id.isEmpty { return String(id) }
        }
        try files.replaceSmallFile(layout.nodeIDName, in: layout.own, by: new + "\n")
        return new
    }

    /// Removes what unfinished uploads left; says how many files.
    static func removeTemporaries(_ files: any FileSystem, _ layout: StoreLayout) throws(DFSError) -> Int {
        let names = try files.names(inFolder: layout.temporaries)
        for name in names { try files.remove("\(layout.temporaries)/\(name)") }
        return names.count
    }

    /// Finds the chunks in the folder. A chunk without a kept digest, such as one of a Go node, is unverified.
    static func scan(
        _ files: any FileSystem, _ layout: StoreLayout, _ report: inout StartReport
    ) throws(DFSError) -> [(ChunkID, ChunkCatalog.Stored)] {
        var found: [(ChunkID, ChunkCatalog.Stored)] = []
        for name in try files.names(inFolder: layout.root) where name != ".dfs" {
            guard let id = try? ChunkID(name), try files.status(of: layout.chunk(id))?.kind == .file else {
                report.ignored.append(name)
                continue
            }
            let stored = try inspect(files, layout.chunk(id))
            if stored.crc32c == nil { report.unverified += 1 } else { report.complete += 1 }
            found.append((id, stored))
        }
        return found
    }

    /// What a chunk's file says of itself; a kept digest whose length is not the file's is not believed.
    static func inspect(_ files: any FileSystem, _ path: String) throws(DFSError) -> ChunkCatalog.Stored {
        let file = try files.open(path, .reading)
        let size = try file.size()
        guard let text = try file.attribute(DigestAttribute.name), let digest = DigestAttribute.digest(in: text),
            digest.length == size
        else { return ChunkCatalog.Stored(length: size, crc32c: nil) }
        return ChunkCatalog.Stored(digest, isAdopted: DigestAttribute.isAdopted(text))
    }
}
