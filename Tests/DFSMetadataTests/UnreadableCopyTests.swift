import DFSCore
import Testing

@testable import DFSMetadata

/// Copies on Go servers that nobody can read: a sector is bad, or the master does not reach the server.
@Suite struct UnreadableCopyTests {
    /// A file on two of three Go servers, of a master that has been at work for a while.
    private func scene(policy: ClusterPolicy = ClusterPolicy()) throws -> (ObedientCluster, id: ChunkID) {
        var cluster = ObedientCluster(policy: policy)
        for address in [":1", ":2", ":3"] { try cluster.join(address, .go) }
        try cluster.run(35)
        let id = try cluster.put("a", .short, on: [":1", ":2"])
        return (cluster, id)
    }

    private func named(_ cluster: inout ObedientCluster) throws -> Set<String> {
        Set(try cluster.master.open("a").answer.opened().chunks[0].servers.map(\.description))
    }

    @Test func whatIsListedAndCannotBeReadIsMadeUpFor() throws {
        var (cluster, id) = try scene()
        cluster.unreadable = [":2"]
        try cluster.restartMaster()
        try cluster.run(30)
        #expect(cluster.log.isEmpty, "it may only be busy")
        try cluster.run(120)
        #expect(cluster.log == ["\(id) :1>:3"])
        try cluster.run(600)
        #expect(try named(&cluster) == [":1", ":3"])
        #expect(cluster.holders(id) == [":1", ":2", ":3"], "it may be the last one some day")
        #expect(try cluster.master.summary().underChunks == 0)
    }

    /// The master has never learnt what it is, so it does not even try to read it.
    @Test func whatAServerListsThatCannotBeCalledIsMadeUpFor() throws {
        var (cluster, id) = try scene()
        cluster.mute = [":2"]
        try cluster.restartMaster()
        try cluster.run(180)
        #expect(cluster.log == ["\(id) :1>:3"])
        #expect(!cluster.readLog.contains("\(id)@:2"))
    }

    /// A firewall is in the way since yesterday: it is known to be a Go server.
    @Test func aServerThatDoesNotAnswerAnyMoreHoldsNoPlaceAmongTheReads() throws {
        var policy = ClusterPolicy()
        policy.maxReads = 1
        var (cluster, first) = try scene(policy: policy)
        let others = try (0..<5).map { try cluster.put("b\($0)", .short, on: [":1", ":2"]) }
        cluster.mute = [":2"]
        try cluster.restartMaster()
        try cluster.perform(cluster.master.described(":2", .go))
        try cluster.run(400)
        #expect(cluster.holders(first) == [":1", ":2", ":3"])
        for id in others { #expect(cluster.holders(id) == [":1", ":2", ":3"]) }
        cluster.readLog = []
        try cluster.run(120)
        #expect(cluster.readLog.isEmpty)
        cluster.mute = []
        try cluster.run(60)
        #expect(cluster.readLog.contains("\(first)@:2"), "it answers again")
    }

    @Test func aProvenCopyThatCannotBeReadDoesNotCountUntilItCan() throws {
        var (cluster, id) = try scene()
        cluster.unreadable = [":2"]
        let server = try ServerAddress(":2")
        try cluster.perform(cluster.master.ask { .damage(id, at: server, $0) }.effects)
        try cluster.run(120)
        #expect(cluster.log.isEmpty)
        #expect(try named(&cluster) == [":1", ":2"])
        try cluster.run(180)
        #expect(cluster.log == ["\(id) :1>:3"])
        #expect(try named(&cluster) == [":1", ":3"])
        #expect(cluster.holders(id) == [":1", ":2", ":3"])
        cluster.unreadable = []
        try cluster.run(700)
        #expect(cluster.holders(id).count == 2, "there was one too many")
        #expect(try cluster.master.summary().overChunks == 0)
    }

    /// Nothing could be made from elsewhere, and whoever reaches the server better may read it.
    @Test func theLastCopyThatWasProvenIsStillNamed() throws {
        var (cluster, id) = try scene()
        cluster.away = [":1"]
        cluster.unreadable = [":2"]
        cluster.makesCopies = false
        try cluster.run(40)
        let server = try ServerAddress(":2")
        try cluster.perform(cluster.master.ask { .damage(id, at: server, $0) }.effects)
        try cluster.run(400)
        #expect(cluster.readLog.count { $0 == "\(id)@:2" } > 3)
        #expect(try named(&cluster) == [":2"])
    }

    /// Nobody knows whether it is the chunk or the way to it.
    @Test func aProvenCopyOnAServerThatDoesNotAnswerStillCounts() throws {
        var (cluster, id) = try scene()
        cluster.mute = [":2"]
        let server = try ServerAddress(":2")
        try cluster.perform(cluster.master.ask { .damage(id, at: server, $0) }.effects)
        try cluster.run(600)
        #expect(cluster.log.isEmpty)
        #expect(try named(&cluster) == [":1", ":2"])
    }
}
