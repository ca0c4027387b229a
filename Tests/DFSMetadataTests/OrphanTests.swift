import DFSCore
import Testing

@testable import DFSMetadata

/// Chunks that no file has: kept, told of, and deleted only where they are surely of this cluster's past.
@Suite struct OrphanTests {
    private var policy: ClusterPolicy {
        var policy = ClusterPolicy()
        policy.tombstoneRetention = .seconds(1000)
        policy.orphanRetention = .seconds(5000)
        return policy
    }

    /// A master with two servers and a chunk that was abandoned so long ago that its tombstone is gone.
    private func scene() throws -> (MasterHarness, ChunkID) {
        var master = MasterHarness(policy: policy)
        try master.join(.swift, ":1", ":2")
        let upload = try master.create("gone").answer.upload()
        let (id, _) = try master.allocate("gone", 0, upload: upload).answer.allocation()
        _ = master.ask { .abandon(upload, $0) }
        master.pass(.seconds(10))
        _ = try master.putFile("other")
        #expect(master.image.tombstones.count == 1)
        _ = master.tick(after: .seconds(900))
        #expect(master.image.tombstones.count == 1)
        _ = master.tick(after: .seconds(100))
        #expect(master.image.tombstones.isEmpty, "forgotten, durably")
        return (master, id)
    }

    private func notices(_ effects: [Effect]) -> [Notice] {
        effects.compactMap { if case .log(let notice) = $0, case .orphans = notice { notice } else { nil } }
    }

    /// Beats for `seconds`, with what the one server holds.
    private func beat(_ master: inout MasterHarness, _ chunks: [ChunkID], for seconds: Int) throws -> [Effect] {
        var effects: [Effect] = []
        for _ in 0..<(seconds / 10) {
            master.pass(.seconds(10))
            effects += try master.heartbeat(":1", chunks) + master.tick()
        }
        return effects
    }

    @Test func anOrphanOfOursIsKeptForItsTimeAndThenDeleted() throws {
        var (master, id) = try scene()
        let address = try ServerAddress(":1")
        let first = try master.heartbeat(":1", [id])
        #expect(notices(first) == [.orphans(address, count: 1, example: id)])
        #expect(try beat(&master, [id], for: 4990).deletions.isEmpty)
        #expect(Set(try beat(&master, [id], for: 100).deletions) == [id])
        #expect(notices(try master.heartbeat(":1")) == [.orphans(address, count: 0, example: nil)])
    }

    @Test func anOrphanThatCannotBeOursStays() throws {
        var (master, own) = try scene()
        // Of a Go master; of a time before this store; of the last second in which it is known to have been in use.
        let file = try #require(FileID(in: own))
        let last = try #require(master.image.periods.last)
        let foreign = try [
            ChunkID("gone_0"), FileName("gone").chunkID(fileID: FileID.first(of: 1_600_000_000).rawValue, index: 0),
            FileName("gone").chunkID(fileID: FileID.first(of: last.endedAt).rawValue + 77, index: 0),
            FileName("gone").chunkID(fileID: FileID.first(of: last.endedAt + 500).rawValue, index: 0),
        ]
        #expect(file.second < last.endedAt)
        #expect(try beat(&master, foreign, for: 20_000).deletions.isEmpty)
    }

    /// The files of the time after the backup are unknown to the restored master; it never takes them for its own.
    @Test func aMasterRestoredFromAnOlderBackupDeletesNothingThatItForgot() throws {
        var master = MasterHarness(policy: policy)
        try master.join(.swift, ":1", ":2")
        let kept = try master.putFile("kept").id
        let backup = master.image
        master.pass(.seconds(100))
        let lost = try master.putFile("lost").id
        master.pass(.seconds(100))
        let now = master.now
        master = MasterHarness(policy: policy, image: backup)
        master.pass(now - MonotonicInstant(nanoseconds: 0))
        master.restart()
        try master.join(.swift, ":1", ":2")
        _ = try master.report(":1", [(kept, .short)])
        _ = try master.heartbeat(":1", [kept, lost])
        // It goes on for long, with uploads.
        _ = try master.putFile("new")
        var effects = try beat(&master, [kept, lost], for: 3000)
        _ = try master.heartbeat(":2")
        _ = try master.putFile("newer")
        effects += try beat(&master, [kept, lost], for: 10_000)
        #expect(effects.deletions.isEmpty)
        #expect(master.image.periods.count == 2, "the time between backup and restore is in none")
    }

    @Test func idsGoUpAcrossRestartsWhateverTheClockSays() throws {
        var master = MasterHarness(policy: .withoutSafeMode)
        var last = FileID(rawValue: 0)
        for round in 0..<5 {
            for number in 0..<3 {
                let id = try master.create("f\(round)-\(number)").answer.upload()
                #expect(last < id)
                last = id
            }
            // Nothing is left of them, and no time passes.
            _ = master.close(1)
            for file in master.image.files { _ = master.ask { .abandon(file.header.id, $0) } }
            master.restart()
        }
    }
}
