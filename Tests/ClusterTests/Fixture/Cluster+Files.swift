import Foundation
import Testing

/// Reading files back, and what must hold of them.
extension Cluster {
    /// What a name in the cluster stands for.
    enum Outcome: Equatable, Sendable {
        case whole
        case noSuchFile
    }

    /// Gets `name` and compares it with `source`.
    ///
    /// - Throws: Where it is neither whole nor clearly missing.
    func outcome(of name: String, source: String) async throws -> Outcome {
        let target = try folder.folder("get-\(nextRun())")
        defer { try? FileManager.default.removeItem(atPath: target) }
        let result = try await client("get", name, target)
        switch result.status {
        case 0:
            guard TestFolder.areEqual("\(target)/\(name)", source) else {
                throw FixtureError("\(name) came back with other bytes")
            }
            return .whole
        case 3:
            guard TestFolder.names(in: target).isEmpty else {
                throw FixtureError("a get of a missing file left \(TestFolder.names(in: target))")
            }
            return .noSuchFile
        default:
            throw FixtureError("get \(name) ended with \(result.status): \(result.stderr)")
        }
    }

    /// Puts `source` as `name` and requires success.
    func put(_ source: String, as name: String) async throws {
        let result = try await client("put", source, name)
        guard result.status == 0 else {
            throw FixtureError("put \(name) ended with \(result.status): \(result.stderr)")
        }
    }

    /// A put that was not acknowledged is whole or absent, and the name can be used again.
    func expectWholeOrFree(_ name: String, source: String) async throws {
        switch try await outcome(of: name, source: source) {
        case .whole:
            #expect(try await client("put", source, name).status == 4)
        case .noSuchFile:
            try await put(source, as: name)
            #expect(try await outcome(of: name, source: source) == .whole)
        }
    }

    /// The chunk files in the folder of server `index`, with their sizes.
    func chunksOnDisk(_ index: Int) -> [String: Int] {
        var sizes: [String: Int] = [:]
        for name in TestFolder.names(in: serverFolder(index)) where name != ".dfs" {
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(serverFolder(index))/\(name)")
            sizes[name] = (attributes?[.size] as? NSNumber)?.intValue ?? -1
        }
        return sizes
    }
}
