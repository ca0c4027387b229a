import DFSCore
import Testing

@testable import DFSMetadata

/// Copies too many on servers that tell differences: what they have told once they do not tell again.
@Suite struct SurplusByDifferencesTests {
    /// A master, and servers that hold the one chunk of the file `a`.
    private struct Scene {
        var master = MasterHarness()
        var told: [String: ToldInventory] = [:]
        var disks: [String: [ChunkID: Digest?]] = [:]
        var id: ChunkID

        init(servers: [String]) throws {
            id = try ChunkID("none_0")
            for server in servers {
                disks[server] = [:]
                try begin(server)
                _ = try master.described(server, .swift)
            }
            try run(40)
            let upload = try master.create("a", copies: servers.count).answer.upload()
            id = try master.allocate("a", 0, upload: upload).answer.allocation().id
            for server in servers { disks[server]?[id] = Digest.short }
            let written = WrittenChunk(id: id, digest: .short, servers: try servers.map { try ServerAddress($0) })
            #expect(master.complete(upload, [written]).answer.code == nil)
            try beat()
        }

        /// A session begins with a full report; `isPartial`: of which only the first page has come.
        @discardableResult
        mutating func begin(_ server: String, life: UInt64 = 0, isPartial: Bool = false) throws -> [Effect] {
            var inventory = ToldInventory(try ServerAddress(server), life: life)
            var pages = inventory.fullReport(disks[server] ?? [:])
            if isPartial { pages[0].sum = nil }
            told[server] = inventory
            return master.take(pages, on: inventory.stream)
        }

        @discardableResult
        mutating func beat(_ servers: [String]? = nil) throws -> [Effect] {
            var effects: [Effect] = []
            for server in servers ?? told.keys.sorted() {
                guard var inventory = told[server], let disk = disks[server] else { continue }
                let report = inventory.difference(disk)
                told[server] = inventory
                effects += master.take([report], on: inventory.stream)
            }
            return effects
        }

        /// So many seconds, with a heartbeat of each of these every five.
        mutating func run(_ seconds: Int, beating servers: [String]? = nil) throws {
            for second in 0..<seconds {
                _ = master.tick(after: .seconds(1))
                if second % 5 == 0 { try beat(servers) }
            }
        }

        /// Wants so many copies; returns who is told to read its copy.
        mutating func setReplication(_ count: Int) throws -> [String] {
            let path = try FileName("a")
            return master.ask { .setReplication(path, count, $0) }.effects.reads.map { String($0.suffix(2)) }
        }

        var copies: CopyCount? { master.state.chunk(named: id).map { master.state.countCopies(of: $0) } }
    }

    private enum Loss: CaseIterable { case damaged, died }

    /// It was to be deleted, and its order was lost; then it is the only one.
    @Test(arguments: Loss.allCases) private func theLastGoodCopyCountsAgain(_ loss: Loss) throws {
        var scene = try Scene(servers: [":1", ":2"])
        let kept = try #require(try scene.setReplication(1).first)
        let victim = kept == ":1" ? ":2" : ":1"
        #expect(try scene.master.readBack(scene.id, kept, .read(.short)).deletions == [scene.id])
        // Its server is away until the proof is old.
        try scene.run(660, beating: [kept])
        try scene.begin(victim, life: 1)
        _ = scene.master.tick(after: .seconds(1))
        if loss == .damaged {
            scene.disks[kept]?[scene.id] = nil
            _ = try scene.master.report(kept, [], damaged: [scene.id])
            _ = try scene.master.readBack(scene.id, kept, .absent)
        }
        try scene.run(120, beating: loss == .died ? [victim] : nil)
        #expect(scene.copies?.readable == 1)
    }

    @Test func aServerThatIsStartedAnewProvesNothingBeforeItHasToldOfTheCopy() throws {
        var scene = try Scene(servers: [":1", ":2", ":3"])
        let kept = try scene.setReplication(2)
        _ = try scene.master.readBack(scene.id, kept[0], .read(.short))
        _ = scene.master.tick(after: .seconds(3))
        // On an empty disk; the first page of its report is there.
        scene.disks[kept[0]] = [:]
        try scene.begin(kept[0], life: 1, isPartial: true)
        #expect(try scene.master.readBack(scene.id, kept[1], .read(.short)).deletions.isEmpty)
    }

    @Test func aReportOfDamageTakesTheProofBack() throws {
        var scene = try Scene(servers: [":1", ":2", ":3"])
        let kept = try scene.setReplication(2)
        _ = try scene.master.readBack(scene.id, kept[0], .read(.short))
        let (id, address) = (scene.id, try ServerAddress(kept[0]))
        _ = scene.master.ask { .damage(id, at: address, $0) }
        #expect(try scene.master.readBack(scene.id, kept[1], .read(.short)).deletions.isEmpty)
    }
}
