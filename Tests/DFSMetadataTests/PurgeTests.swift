import DFSCore
import Testing

@testable import DFSMetadata

/// Deleting for good, and other work that a single call brings about, goes by chunks: nobody waits for a large file.
@Suite struct PurgeTests {
    private static let server = ":1"

    /// A master whose start is over, and one server.
    private func scene(_ change: (inout ClusterPolicy) -> Void = { _ in }) throws -> MasterHarness {
        var policy = ClusterPolicy.withoutSafeMode
        policy.replication = 1
        change(&policy)
        var master = MasterHarness(policy: policy)
        try begin(&master)
        return master
    }

    private func begin(_ master: inout MasterHarness) throws {
        try master.join(.swift, Self.server)
        _ = master.tick(after: .seconds(31))
        try master.join(.swift, Self.server)
    }

    /// A complete file of so many chunks.
    private func put(_ name: String, chunks count: Int, _ master: inout MasterHarness) throws -> [ChunkID] {
        let upload = try master.create(name).answer.upload()
        var written: [WrittenChunk] = []
        for index in 0..<count {
            // The heartbeat gives back what was reserved.
            if index % 100 == 0 { _ = try master.heartbeat(Self.server, free: 1_000_000) }
            let (id, _) = try master.allocate(name, index, upload: upload).answer.allocation()
            let digest = index == count - 1 ? Digest.short : .full
            written.append(WrittenChunk(id: id, digest: digest, servers: [try ServerAddress(Self.server)]))
        }
        _ = try master.complete(upload, written).answer.get()
        return written.map(\.id)
    }

    private var chunksPerTick: Int { MasterState.maxPurgesPerTick }

    @Test func aTickDeletesSoManyChunksHoweverLargeTheFilesAre() throws {
        var master = try scene()
        var ids: [ChunkID] = []
        for name in ["a", "f/b"] { ids += try put(name, chunks: 5000, &master) }
        #expect(try master.remove("a").code == nil && master.remove("f", recursively: true).code == nil)
        #expect(master.emptyTrash().code == nil)
        var ordered: [ChunkID] = []
        for left in stride(from: 10_000, to: 0, by: -chunksPerTick) {
            #expect(master.state.chunks.count == left)
            // What is left is as whole as it was, and nobody gets it back.
            #expect(try master.trash().allSatisfy(\.isPurging))
            if let entry = try master.trash().first { #expect(try master.restore(entry.id).code == .notFound) }
            ordered += master.tick(after: .seconds(1)).deletions
        }
        #expect(master.state.chunks.count == 0)
        #expect(ordered.count == master.policy.maxDeletionsPerServer && Set(ordered).isSubset(of: ids))
        for _ in 0..<2 { _ = master.tick(after: .seconds(1)) }
        #expect(try master.trash().isEmpty && master.state.fileCount == 0)
        #expect(master.image.files.isEmpty && master.image.trash.isEmpty && master.image.folders.isEmpty)
        #expect(master.image.tombstones.map(\.chunkCount) == [5000, 5000])
    }

    /// As where a chunk server holds them until an operator has looked: what it has is copied all the same.
    @Test func deletionsThatAreNotCarriedOutHoldUpNoCopies() throws {
        var policy = ClusterPolicy.withoutSafeMode
        policy.maxDeletionsPerServer = 2
        var master = MasterHarness(policy: policy)
        try master.join(.swift, ":1", ":2")
        let kept = try master.putFile("kept").id
        var ids: [ChunkID] = []
        for number in 0..<4 {
            ids.append(try master.putFile("f\(number)").id)
            #expect(try master.remove("f\(number)").code == nil)
        }
        #expect(master.emptyTrash().code == nil)
        _ = master.tick(after: .seconds(1))
        try master.join(.swift, ":3")
        var copies: [String] = []
        for _ in 0..<3 {
            master.pass(.seconds(20))
            copies += try master.beat([":2": [kept] + ids, ":3": []]).copies + master.tick(after: .seconds(1)).copies
        }
        #expect(copies == ["\(kept)>:3"])
        #expect(master.state.servers.all.contains { $0.isAlive && $0.deletions.count == 2 }, "it has no room for more")
    }

    /// In the store the file is gone with its first chunk, so that nothing is half there after a crash.
    @Test(arguments: ["a", "f/a"]) func aRestartInTheMidstFinishesTheFile(_ name: String) throws {
        var master = try scene()
        let ids = try put(name, chunks: 2500, &master)
        let root = name == "a" ? name : "f"
        #expect(try master.remove(root, recursively: true).code == nil)
        #expect(master.emptyTrash().code == nil)
        _ = master.tick(after: .seconds(1))
        #expect(master.state.chunks.count == 1500)
        #expect(master.image.files.isEmpty && master.image.tombstones.map(\.chunkCount) == [2500])
        master.restart()
        #expect(master.state.chunks.count == 0)
        try begin(&master)
        _ = master.tick(after: .seconds(1))
        #expect(try master.trash().isEmpty)
        #expect(master.image.trash.isEmpty && master.image.folders.isEmpty)
        let ordered = try master.heartbeat(Self.server, [ids[0], ids[2499]]).deletions
        #expect(ordered == [ids[0], ids[2499]], "all its chunks are condemned")
    }

    /// It was asked for when it was young, and its turn comes when its time is over as well.
    @Test func whatIsToGoAndIsOverByThenGoes() throws {
        var master = try scene { $0.trashRetention = .seconds(5) }
        _ = try put("a", chunks: 1, &master)
        #expect(try master.remove("a").code == nil)
        #expect(master.emptyTrash().code == nil)
        master.restart()
        try begin(&master)
        for _ in 0..<2 { _ = master.tick(after: .seconds(1)) }
        #expect(try master.trash().isEmpty)
        #expect(master.image.trash.isEmpty)
    }

    /// What is listed while its file is deleted slice by slice is found whether its slice has gone or not.
    @Test func chunksOfAFileThatIsHalfGoneAreOrderedDeletedInTheEnd() throws {
        var master = try scene()
        let ids = try put("a", chunks: 1002, &master)
        _ = try master.heartbeat(Self.server, ids)
        #expect(try master.remove("a").code == nil)
        #expect(master.emptyTrash().code == nil)
        var left = Set(ids)
        for round in 0..<30 where !left.isEmpty {
            let effects = master.tick(after: .seconds(1)) + (try master.heartbeat(Self.server, left.sorted()))
            left.subtract(effects.deletions)
            if round == 0 { #expect(master.state.chunks.count == 2) }
        }
        #expect(left.isEmpty)
        #expect(try master.heartbeat(Self.server).deletions.isEmpty)
        #expect(master.state.chunks.count == 0)
    }

    @Test func leasesEndByTheChunksOfTheirUploads() throws {
        var master = try scene()
        for name in ["a", "b", "c"] {
            let upload = try master.create(name).answer.upload()
            for index in 0..<600 {
                if index % 100 == 0 { _ = try master.heartbeat(Self.server, free: 1_000_000) }
                _ = try master.allocate(name, index, upload: upload)
            }
        }
        _ = master.close(1)
        while master.state.hasBacklog { _ = master.step(.goOn) }
        _ = master.tick(after: .seconds(10))
        #expect(master.state.fileCount == 1, "two of them have a thousand chunks")
        _ = master.tick()
        #expect(master.state.fileCount == 0)
    }

    @Test func anotherNumberOfCopiesIsBroughtAboutAPieceAtATime() throws {
        var master = try scene()
        _ = try put("a", chunks: 250, &master)
        #expect(try master.setReplication("a", 2).answer.code == nil)
        #expect(master.state.healths.under == MasterState.countPerStep)
        #expect(master.state.hasBacklog)
        // Again while it is under way: all are looked at again.
        #expect(try master.setReplication("a", 1).answer.code == nil)
        while master.state.hasBacklog { _ = master.step(.goOn) }
        #expect(master.state.healths.under == 0)
        #expect(try master.setReplication("a", 2).answer.code == nil)
        while master.state.hasBacklog { _ = master.step(.goOn) }
        #expect(master.state.healths.under == 250)
    }

    @Test func aFileThatIsPurgedWhileItsChunksAreReviewedIsNoTrouble() throws {
        var master = try scene()
        _ = try put("a", chunks: 1500, &master)
        #expect(try master.setReplication("a", 2).answer.code == nil)
        #expect(try master.remove("a").code == nil)
        #expect(master.emptyTrash().code == nil)
        for _ in 0..<3 { _ = master.tick(after: .seconds(1)) }
        while master.state.hasBacklog { _ = master.step(.goOn) }
        #expect(master.state.chunks.count == 0 && master.state.healths == HealthCounts())
    }

    /// So many that a tick looks at no others.
    @Test func veryManyRemovalsOfATimeToComeKeepNothingElse() throws {
        var master = try scene()
        for number in 0...chunksPerTick { _ = try put("ahead\(number)", chunks: 1, &master) }
        _ = try put("now", chunks: 1, &master)
        master.setCalendarBack(by: -40 * 24 * 3600)
        for number in 0...chunksPerTick { #expect(try master.remove("ahead\(number)").code == nil) }
        master.setCalendarBack(by: 40 * 24 * 3600)
        #expect(try master.remove("now").code == nil)
        _ = master.tick()
        #expect(master.state.fileCount == chunksPerTick + 2)
        for _ in 0..<3 { _ = master.tick(after: master.policy.trashRetention) }
        #expect(master.state.fileCount == chunksPerTick + 1, "their time is not over")
        #expect(master.image.trash.allSatisfy { $0.path.text != "now" })
    }

    /// What is removed in an hour may be more than its ticks delete.
    @Test func whatIsDueGoesWhileNobodyElseWaits() throws {
        var master = try scene()
        let count = chunksPerTick + 300
        for number in 0..<count { _ = try put("f\(number)", chunks: 1, &master) }
        for number in 0..<count { #expect(try master.remove("f\(number)").code == nil) }
        while master.state.hasBacklog { _ = master.step(.goOn) }
        #expect(master.state.chunks.count == count)
        _ = master.tick(after: master.policy.trashRetention)
        #expect(master.state.chunks.count == count - chunksPerTick)
        var turns = 0
        while master.state.hasBacklog {
            let before = master.state.chunks.count
            _ = master.step(.goOn)
            #expect(before - master.state.chunks.count <= MasterState.maxPurgesPerTurn, "heartbeats wait for that")
            turns += 1
        }
        #expect(master.state.chunks.count == 0 && master.image.trash.isEmpty)
        #expect(turns <= 3)
    }

    @Test func nothingIsPurgedInIdleTimeWhileTheMasterStarts() throws {
        var master = try scene()
        _ = try put("a", chunks: 1, &master)
        #expect(try master.remove("a").code == nil)
        #expect(master.emptyTrash().code == nil)
        master.restart()
        #expect(!master.state.hasBacklog)
        _ = master.step(.goOn)
        #expect(try master.trash().count == 1)
    }
}
