import DFSCore
import Testing

@testable import DFSMetadata

@Suite struct TombstoneTests {
    private func scene(_ change: (inout ClusterPolicy) -> Void = { _ in }) throws -> MasterHarness {
        var policy = ClusterPolicy.withoutSafeMode
        policy.replication = 1
        change(&policy)
        var master = MasterHarness(policy: policy)
        try master.join(.swift, ":1")
        _ = master.tick(after: .seconds(31))
        try master.join(.swift, ":1")
        return master
    }

    /// An upload with a chunk that is given up.
    private func abandon(_ name: String, _ master: inout MasterHarness) throws -> ChunkID {
        let upload = try master.create(name).answer.upload()
        let (id, _) = try master.allocate(name, 0, upload: upload).answer.allocation()
        _ = master.ask { .abandon(upload, $0) }
        return id
    }

    /// The oldest are forgotten, and what turns up of them stays where it is, as all that is unknown.
    @Test func thereAreOnlySoMany() throws {
        var master = try scene { $0.maxTombstones = 3 }
        let ids = try (0..<5).map { try abandon("f\($0)", &master) }
        #expect(master.state.tombstones.count == 3 && master.image.tombstones.count == 3)
        #expect(try master.heartbeat(":1", ids).deletions == Array(ids[2...]))
        let server = try #require(master.state.servers.handle(of: try ServerAddress(":1")))
        #expect(master.state.servers[server].orphanCount == 2)
    }

    @Test func aStoreWithMoreOfThemIsBroughtDownToTheBound() throws {
        var master = try scene()
        for number in 0..<10 { _ = try abandon("f\(number)", &master) }
        var policy = master.policy
        policy.maxTombstones = 4
        var next = MasterHarness(policy: policy, image: master.image)
        #expect(next.state.tombstones.count == 10)
        _ = next.tick(after: .seconds(31))
        #expect(next.state.tombstones.count == 4 && next.image.tombstones == Array(master.image.tombstones.suffix(4)))
    }

    @Test func whatWasGivenUpInATimeToComeKeepsNoOthers() throws {
        var master = try scene { $0.tombstoneRetention = .seconds(1000) }
        master.setCalendarBack(by: -1_000_000)
        for number in 0..<3 { _ = try abandon("ahead\(number)", &master) }
        master.setCalendarBack(by: 1_000_000)
        for number in 0..<3 { _ = try abandon("f\(number)", &master) }
        #expect(master.tick(after: .seconds(900)).mutations.isEmpty, "their time is not over")
        _ = master.tick(after: .seconds(101))
        #expect(master.image.tombstones.map(\.name.text) == ["ahead0", "ahead1", "ahead2"])
        #expect(master.state.tombstones.count == 3)
    }
}
