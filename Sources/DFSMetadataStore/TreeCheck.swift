import DFSCore
import DFSMetadata

/// What the state machine takes for granted about folders, checked before it starts from them.
enum TreeCheck {
    static func run(_ image: MetadataImage) throws {
        var parents: [FolderID: FolderID] = [:]
        for folder in image.folders {
            guard folder.id > .trash, parents.updateValue(folder.place.parent, forKey: folder.id) == nil else {
                throw ImageReader.damaged("a folder's id is taken")
            }
        }
        var known: Set<FolderID> = [.root, .trash]
        for folder in image.folders {
            var way: Set<FolderID> = []
            var current = folder.id
            while !known.contains(current) {
                guard way.insert(current).inserted, let parent = parents[current] else {
                    throw ImageReader.damaged("folder \(quoted(folder.place.name.text)) is in no folder")
                }
                current = parent
            }
            known.formUnion(way)
        }
        try checkPlaces(image, known)
    }

    private static func checkPlaces(_ image: MetadataImage, _ folders: Set<FolderID>) throws {
        var visible: Set<Place> = []
        var open: Set<Place> = []
        var inTrash: [NodeID: PathPart] = [:]
        func take(_ node: NodeID, _ place: Place) throws {
            guard folders.contains(place.parent), visible.insert(place).inserted else {
                throw ImageReader.damaged("two things are called \(quoted(place.name.text)), or its folder is missing")
            }
            if place.parent == .trash { inTrash[node] = place.name }
        }
        for folder in image.folders { try take(.folder(folder.id), folder.place) }
        for file in image.files {
            guard !file.isSealed else {
                try take(.file(file.header.id), file.place)
                continue
            }
            guard folders.contains(file.place.parent), open.insert(file.place).inserted else {
                throw ImageReader.damaged("two uploads are called \(quoted(file.place.name.text))")
            }
        }
        for record in image.trash where inTrash.removeValue(forKey: record.node) != record.id {
            throw ImageReader.damaged("what \(quoted(record.path.text)) was is not in the trash")
        }
        guard inTrash.isEmpty else { throw ImageReader.damaged("the trash holds what nobody removed") }
    }
}
