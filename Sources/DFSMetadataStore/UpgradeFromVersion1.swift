import DFSCore
import DFSMetadata
import GRDB

/// Version 1 kept one flat list of names; version 2 has folders.
///
/// Each name's parts before the last become folders. Where a file has the name that a folder needs (`a` beside `a/b`), the
/// file is called `a.file`, or that with more `.file` behind it, from now on; its chunks are the same.
enum UpgradeFromVersion1 {
    static func run(_ database: Database) throws {
        try database.execute(sql: "ALTER TABLE files RENAME TO files_of_version_1")
        try database.execute(sql: Schema.namespaceTables)
        let names = try FileName.fetchAll(database)
        var taken = Set(names)
        var folders: [FileName: FolderID] = [:]
        for name in names {
            var parent = FolderID.root
            var path = ""
            for part in name.parts.dropLast() {
                path += path.isEmpty ? part.text : "/" + part.text
                let folder = try FileName(path)
                let id = folders[folder] ?? FolderID(rawValue: FolderID.trash.rawValue + 1 + UInt64(folders.count))
                if folders.updateValue(id, forKey: folder) == nil {
                    try MutationWriter.write(
                        .makeFolder(FolderRecord(id: id, place: Place(parent: parent, name: part), createdAt: 0)),
                        to: database)
                }
                parent = id
            }
        }
        for name in names {
            var place = name
            while folders[place] != nil || (place != name && taken.contains(place)) {
                place = try FileName(place.text + ".file")
            }
            taken.insert(place)
            let parent = try name.parts.count == 1 ? .root : folders[FileName(folderText(of: name))] ?? .root
            try database.cachedStatement(
                sql: """
                    INSERT INTO files (id, name, parent, leaf, writer, replication, chunk_size, replaces, created_at, sealed_at)
                    SELECT id, name, ?, ?, writer, replication, chunk_size, 0, 0, CASE is_sealed WHEN 1 THEN 0 END
                    FROM files_of_version_1 WHERE name = ?
                    """
            ).execute(arguments: [parent.stored, place.leaf.text, name.text])
        }
        try database.execute(sql: "DROP TABLE files_of_version_1")
    }

    private static func folderText(of name: FileName) -> String {
        name.parts.dropLast().map(\.text).joined(separator: "/")
    }
}

extension FileName {
    fileprivate static func fetchAll(_ database: Database) throws -> [FileName] {
        try String.fetchAll(database, sql: "SELECT name FROM files_of_version_1 ORDER BY name").map { try FileName($0) }
    }
}
