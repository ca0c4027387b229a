import DFSCore
import Testing

@testable import DFSMetadata

/// Random changes on a master that is restarted now and then, beside a model that is a plain dictionary of paths: what was
/// acknowledged is there, nothing else is, and nothing is there twice.
@Suite struct NamespaceModelTests {
    private struct File: Equatable {
        let chunk: ChunkID
        var attributes: [String: String]
    }

    /// Every path with what stands there: a file, or `nil` for a folder.
    private typealias Model = [String: File?]

    private static let seeds: Range<UInt64> = 1..<41

    @Test(arguments: seeds) func theTreeIsWhatTheModelSays(seed: UInt64) throws {
        var run = Run(seed: seed)
        try run.master.join(.swift, ":1", ":2")
        for _ in 0..<300 {
            try run.change()
            #expect(try run.listed() == run.model)
        }
        // All of it goes for good in the end, chunks and folders too.
        for path in run.model.keys.sorted() where !path.contains("/") {
            #expect(try run.master.remove(path, recursively: true).code == nil)
        }
        _ = run.master.tick(after: .seconds(60))
        #expect(run.master.emptyTrash().code == nil)
        for _ in 0..<10 { _ = run.master.tick(after: .seconds(1)) }
        #expect(run.master.image.files.isEmpty && run.master.image.folders.isEmpty && run.master.image.trash.isEmpty)
    }

    private struct Run {
        var master = MasterHarness(policy: .withoutSafeMode)
        var model: Model = [:]
        /// What the trash holds, by id: the subtree, with paths below an empty one.
        var trash: [String: (path: String, tree: Model)] = [:]
        var random: SeededGenerator

        init(seed: UInt64) { random = SeededGenerator(seed: seed) }

        mutating func change() throws {
            switch Int(random.next() % 12) {
            case 0, 1: try put(somePath(), replaces: false)
            case 2: try put(somePath(), replaces: true)
            case 3: try makeFolder(somePath())
            case 4, 5: try rename(somePath(), somePath(), replaces: random.next() % 2 == 0)
            case 6: try remove(somePath(), recursively: false)
            case 7: try remove(somePath(), recursively: true)
            case 8: try restore()
            case 9, 10: try setAttributes(somePath())
            default:
                master.restart()
                try master.join(.swift, ":1", ":2")
            }
        }

        /// Few names, so that changes meet.
        private mutating func somePath() -> String {
            (0...random.next() % 3).map { _ in ["a", "b", "c"][Int(random.next() % 3)] }.joined(separator: "/")
        }

        /// Few names here, too.
        private mutating func someAttributes() -> [String: String] {
            var attributes: [String: String] = [:]
            for name in ["x", "y", "z"] where random.next() % 3 == 0 { attributes[name] = "\(random.next() % 4)" }
            return attributes
        }

        private func parents(_ path: String) -> [String] {
            let parts = path.split(separator: "/")
            return (1..<max(1, parts.count)).map { parts.prefix($0).joined(separator: "/") }
        }

        private func isFile(_ path: String) -> Bool { (model[path] ?? nil) != nil }

        private mutating func put(_ path: String, replaces: Bool) throws {
            let isBlocked = parents(path).contains { isFile($0) }
            let isTaken = model[path] != nil && !(replaces && isFile(path))
            guard !isBlocked && !isTaken else {
                #expect(try master.create(path, replaces: replaces).answer.code != nil)
                return
            }
            let old = model[path]
            let before = try trashIDs()
            let attributes = someAttributes()
            let upload = try master.create(path, replaces: replaces, attributes: attributes).answer.upload()
            let (id, servers) = try master.allocate(path, 0, upload: upload).answer.allocation()
            // A reader of the file that is being replaced sees it until the very end.
            if let old, let chunk = old?.chunk {
                _ = try master.report(":1", [(chunk, .short)])
                #expect(try master.open(path).answer.opened().chunks.map(\.id) == [chunk])
            }
            let written = WrittenChunk(id: id, digest: .short, servers: try servers.map { try ServerAddress($0) })
            #expect(master.complete(upload, [written]).answer.code == nil)
            for parent in parents(path) { model[parent] = .some(nil) }
            model[path] = File(chunk: id, attributes: attributes)
            if let old { try noteTrashed(path, ["": old], before) }
        }

        private mutating func setAttributes(_ path: String) throws {
            let added = someAttributes()
            let removed = ["x", "y", "z"].filter { added[$0] == nil && random.next() % 3 == 0 }
            let code = try master.setAttributes(path, added, removing: removed).code
            guard var file = model[path] ?? nil else {
                #expect(code != nil)
                return
            }
            #expect(code == nil)
            for (name, value) in added { file.attributes[name] = value }
            for name in removed { file.attributes[name] = nil }
            model[path] = file
        }

        private mutating func makeFolder(_ path: String) throws {
            let isBlocked = (parents(path) + [path]).contains { isFile($0) }
            #expect((try master.makeFolder(path, isExpected: false).code != nil) == isBlocked)
            guard !isBlocked else { return }
            for folder in parents(path) + [path] { model[folder] = .some(nil) }
        }

        private mutating func rename(_ source: String, _ target: String, replaces: Bool) throws {
            let isInside = !isFile(source) && (target + "/").hasPrefix(source + "/")
            let parent = parents(target).last
            let hasParent = parent.map { model[$0] != nil && !isFile($0) } ?? true
            let isFree = model[target] == nil || (replaces && isFile(source) && isFile(target))
            let before = try trashIDs()
            let code = try master.rename(source, target, replaces: replaces).code
            let isAllowed = model[source] != nil && (source == target || (!isInside && hasParent && isFree))
            #expect((code == nil) == isAllowed, "\(source) to \(target): \(String(describing: code))")
            guard isAllowed, source != target else { return }
            let old = model[target]
            let moved = subtree(source)
            take(source)
            for (path, node) in moved { model[target + path] = node }
            if let old { try noteTrashed(target, ["": old], before) }
        }

        private mutating func remove(_ path: String, recursively: Bool) throws {
            let tree = subtree(path)
            let isAllowed = !tree.isEmpty && (recursively || tree.count == 1)
            let before = try trashIDs()
            #expect((try master.remove(path, recursively: recursively).code == nil) == isAllowed)
            guard isAllowed else { return }
            take(path)
            try noteTrashed(path, tree, before)
        }

        private mutating func restore() throws {
            guard let id = trash.keys.sorted().randomElement(using: &random), let (path, tree) = trash[id] else {
                return
            }
            let isBlocked = parents(path).contains { isFile($0) }
            let isAllowed = !isBlocked && model[path] == nil
            #expect((try master.restore(id).code == nil) == isAllowed)
            guard isAllowed else { return }
            trash[id] = nil
            for parent in parents(path) { model[parent] = .some(nil) }
            for (below, node) in tree { model[path + below] = node }
        }

        /// What stands at `path` and below, with paths below it.
        private func subtree(_ path: String) -> Model {
            var tree: Model = [:]
            for (other, node) in model where other == path || other.hasPrefix(path + "/") {
                tree[String(other.dropFirst(path.count))] = node
            }
            return tree
        }

        private mutating func take(_ path: String) {
            for other in model.keys where other == path || other.hasPrefix(path + "/") { model[other] = nil }
        }

        private mutating func trashIDs() throws -> Set<String> { Set(try master.trash().map(\.id)) }

        private mutating func noteTrashed(_ path: String, _ tree: Model, _ before: Set<String>) throws {
            let new = try master.trash().filter { !before.contains($0.id) }
            #expect(new.map(\.node.name) == [path])
            if let id = new.first?.id { trash[id] = (path, tree) }
        }

        /// All that can be found by listing, each file with what the store holds for its place, and the master tells.
        mutating func listed() throws -> Model {
            let stored = try storedFiles()
            var found: Model = [:]
            var folders: [String] = [""]
            while let folder = folders.popLast() {
                for name in try master.list(folder.isEmpty ? nil : folder) {
                    let path = folder.isEmpty ? name : folder + "/" + name
                    if name.hasSuffix("/") {
                        found[String(path.dropLast())] = .some(nil)
                        folders.append(String(path.dropLast()))
                    } else {
                        guard let file = stored[path] else { throw WrongAnswer() }
                        #expect(try master.attributes(path) == file.attributes)
                        found[path] = file
                    }
                }
            }
            #expect(found.values.compactMap { $0 }.count == stored.count)
            return found
        }

        /// The complete files that a path leads to, as a master that starts now would find them.
        private func storedFiles() throws -> [String: File] {
            var folders: [FolderID: Place] = [:]
            for folder in master.image.folders { folders[folder.id] = folder.place }
            var files: [String: File] = [:]
            for file in master.image.files where file.isSealed {
                var path = file.place.name.text
                var parent = file.place.parent
                while let place = folders[parent] {
                    path = place.name.text + "/" + path
                    parent = place.parent
                }
                guard parent == .root else { continue }
                let found = File(
                    chunk: file.header.chunkID(at: 0), attributes: file.header.attributes.dictionary)
                #expect(files.updateValue(found, forKey: path) == nil)
            }
            return files
        }
    }
}
