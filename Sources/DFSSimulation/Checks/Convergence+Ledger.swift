import DFSCore
import DFSMetadata

extension Convergence {
    /// At the end: the master says what the ledger says, and every byte that was promised is there.
    func compareWithLedger() {
        let (ledger, image) = (simulation.ledger, image)
        let paths = Paths(image)
        compareFiles(paths)
        if paths.folders != ledger.folders {
            return simulation.violate("the folders are \(paths.folders.sorted()), not \(ledger.folders.sorted())")
        }
        for (path, contents) in ledger.goFiles.sorted(by: { $0.key < $1.key }) {
            let digests = paths.files[path]?.chunks.map(\.digest)
            if digests != contents.map({ Digest(of: $0) }) {
                return simulation.violate("\(path) of a Go client was acknowledged, and is \(digests as Any)")
            }
        }
        compareContents(image)
        compareRecords(paths)
    }

    private func compareFiles(_ paths: Paths) {
        let ledger = simulation.ledger
        var expected = ledger.files
        let found = paths.files.filter { !$0.key.hasPrefix("go") }
        for (path, file) in found.sorted(by: { $0.key < $1.key }) {
            let chunks = file.chunks.map { file.header.chunkID(at: $0.index) }
            // What was appended to stands behind what was put.
            guard let put = expected.removeValue(forKey: path), chunks.starts(with: put),
                chunks.count == put.count || ledger.hasAppends(path)
            else { return simulation.violate("\(path) is \(chunks), which nobody put there") }
            let copies = ledger.copies[path] ?? simulation.scenario.policy.replication
            if file.header.replication != copies {
                simulation.violate("\(path) shall have \(file.header.replication) copies, not \(copies)")
            }
        }
        if let missing = expected.keys.sorted().first { simulation.violate("\(missing) was put, and is gone") }
    }

    private func compareContents(_ image: MetadataImage) {
        for file in image.files {
            for record in file.chunks {
                let chunk = file.header.chunkID(at: record.index)
                if let content = simulation.ledger.contents[chunk], record.digest != Digest(of: content) {
                    return simulation.violate("\(chunk) is not what its writer wrote")
                }
            }
        }
    }

    private func compareRecords(_ paths: Paths) {
        for (path, file) in paths.files.sorted(by: { $0.key < $1.key }) {
            let chunks = Set(file.chunks.map { file.header.chunkID(at: $0.index) })
            for record in simulation.ledger.records(of: path) {
                let copy = simulation.servers.compactMap { $0.copy(of: record.chunk) }.first ?? []
                let end = record.offset + record.bytes.count
                guard chunks.contains(record.chunk), copy.count >= end,
                    Array(copy[record.offset..<end]) == record.bytes
                else {
                    return simulation.violate(
                        "the record at byte \(record.offset) of \(record.chunk) in \(path) was acknowledged, and is gone"
                    )
                }
            }
        }
    }
}

/// The tree of an image, by whole paths; what is in the trash is left out.
private struct Paths {
    var files: [String: FileRecord] = [:]
    var folders: Set<String> = []

    init(_ image: MetadataImage) {
        let byID = Dictionary(image.folders.map { ($0.id, $0) }) { first, _ in first }
        func path(of place: Place) -> String? {
            if place.parent == .trash { return nil }
            if place.parent == .root { return place.name.text }
            guard let parent = byID[place.parent], let above = path(of: parent.place) else { return nil }
            return "\(above)/\(place.name.text)"
        }
        for file in image.files where file.isSealed {
            if let path = path(of: file.place) { files[path] = file }
        }
        folders = Set(image.folders.compactMap { path(of: $0.place) })
    }
}
