import DFSCore
import DFSMetadata

/// When all is well again: every chunk whole on as many servers as it shall be, and nothing else anywhere.
struct Convergence {
    let simulation: Simulation

    private var image: MetadataImage { simulation.master.store.image }

    /// The first thing that is not well; `nil` where all is.
    func problem() -> String? {
        let image = image
        var known: Set<ChunkID> = []
        for file in image.files {
            let name = file.header.name.text
            guard file.isSealed else { return "\(name) is still being written" }
            for record in file.chunks {
                let chunk = file.header.chunkID(at: record.index)
                known.insert(chunk)
                guard let digest = record.digest else {
                    // One that waits for servers, since nothing came of the first ones, is as good as none.
                    if record.assigned.isEmpty { continue }
                    return "\(chunk) is open"
                }
                if let problem = problem(of: chunk, digest, copies: file.header.replication) { return problem }
            }
        }
        for server in image.servers where server.state != .decommissioned {
            return "\(server.address) is in the state \(server.state)"
        }
        for server in simulation.servers {
            guard simulation.network.isUp(server.party) else { return "\(server.party) is down" }
            for chunk in server.chunks where !known.contains(chunk) && chunk != simulation.stranger(of: server.number) {
                return "\(chunk) is left on \(server.party)"
            }
            if server.copy(of: simulation.stranger(of: server.number)) == nil {
                return "another cluster's chunk is gone from \(server.party)"
            }
        }
        return nil
    }

    private func problem(of chunk: ChunkID, _ digest: Digest, copies: Int) -> String? {
        let all = simulation.servers.filter { $0.chunks.contains(chunk) }
        let withdrawn = Set(image.servers.map(\.address))
        // What lies on a server that is out of service neither counts nor goes, but must be good.
        let holders = all.filter { !withdrawn.contains($0.address) }
        if let bad = all.first(where: {
            withdrawn.contains($0.address) && !simulation.watch.isGood(chunk, digest, on: $0)
        }) {
            return "\(chunk) has a bad copy on \(bad.party), which is out of service"
        }
        let good = holders.filter { simulation.watch.isGood(chunk, digest, on: $0) }
        guard good.count == holders.count else {
            return
                "\(chunk) has bad copies on \(holders.filter { !good.map(\.number).contains($0.number) }.map(\.party))"
        }
        let wanted = min(copies, simulation.servers.count - withdrawn.count)
        return good.count == wanted ? nil : "\(chunk) has \(good.count) copies, not \(wanted): \(good.map(\.party))"
    }

    /// At the end: the master says what the ledger says, and every byte that was promised is there.
    func compareWithLedger() {
        let (ledger, image) = (simulation.ledger, image)
        let paths = Paths(image)
        var expected = ledger.files.mapValues(\.first)
        let found = paths.files.filter { !$0.key.hasPrefix("go") }
        for (path, file) in found.sorted(by: { $0.key < $1.key }) {
            let first = file.chunks.isEmpty ? nil : file.header.chunkID(at: file.chunks[0].index)
            if expected.removeValue(forKey: path) ?? nil != first {
                return simulation.violate("\(path) is \(first.map { "\($0)" } ?? "empty"), which nobody put there")
            }
        }
        if let missing = expected.keys.sorted().first { return simulation.violate("\(missing) was put, and is gone") }
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
        for (path, records) in simulation.ledger.records.sorted(by: { $0.key < $1.key }) {
            guard let file = paths.files[path] else { return simulation.violate("\(path) has records, and is gone") }
            let chunks = Set(file.chunks.map { file.header.chunkID(at: $0.index) })
            for record in records {
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
