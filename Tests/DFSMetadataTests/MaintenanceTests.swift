import DFSCore
import Testing

@testable import DFSMetadata

/// Servers that may be away for a while.
@Suite struct MaintenanceTests {
    private func cluster() throws -> ObedientCluster {
        var cluster = ObedientCluster()
        for address in [":1", ":2", ":3"] { try cluster.join(address) }
        try cluster.run(35)
        return cluster
    }

    @Test func aServerIsAwayWithoutItsChunksBeingCopiedUntilItsTimeIsOver() throws {
        var cluster = try cluster()
        let id = try cluster.put("a", .short, on: [":1", ":2"])
        try cluster.set(.maintenance, ":1", for: .seconds(300))
        try cluster.run(2)
        #expect(try cluster.master.standing(":1").isReady)
        cluster.away = [":1"]
        try cluster.run(250)
        #expect(cluster.log.isEmpty)
        #expect(try cluster.master.summary().underChunks == 1, "that it has fewer copies is told all the same")
        try cluster.run(60)
        #expect(try cluster.master.standing(":1").state == .normal)
        #expect(cluster.log == ["\(id) :2>:3"])
    }

    @Test func whatWouldHaveNoCopyLeftIsCopiedFirst() throws {
        var cluster = try cluster()
        let id = try cluster.put("a", .short, on: [":1"])
        cluster.makesCopies = false
        try cluster.set(.maintenance, ":1")
        try cluster.run(5)
        let standing = try cluster.master.standing(":1")
        #expect(!standing.isReady && standing.examples == [BlockingChunk(id: id, path: "a", copies: 0, wanted: 1)])
        cluster.makesCopies = true
        try cluster.run(130)
        #expect(try cluster.master.standing(":1").isReady)
        #expect(cluster.holders(id).count == 2)
    }

    @Test func twoServersInMaintenanceLeaveEachChunkACopy() throws {
        var cluster = try cluster()
        let both = try cluster.put("a", .short, on: [":1", ":2"])
        let one = try cluster.put("b", .full, on: [":2", ":3"])
        try cluster.set(.maintenance, ":1")
        try cluster.set(.maintenance, ":2")
        try cluster.run(10)
        #expect(cluster.holders(both) == [":1", ":2", ":3"])
        #expect(cluster.holders(one) == [":2", ":3"])
        #expect(try cluster.master.standing(":1").isReady && cluster.master.standing(":2").isReady)
    }

    @Test func theLossOfAnotherServerIsRepairedMeanwhile() throws {
        var cluster = try cluster()
        try cluster.join(":4")
        let id = try cluster.put("a", .short, on: [":1", ":2", ":3"])
        try cluster.set(.maintenance, ":1")
        cluster.away = [":1", ":2"]
        try cluster.run(45)
        #expect(cluster.log == ["\(id) :3>:4"])
    }

    @Test func aMasterThatIsRestartedMeanwhileCopiesNothingEither() throws {
        var cluster = try cluster()
        let id = try cluster.put("a", .short, on: [":1", ":2"])
        try cluster.set(.maintenance, ":1", for: .seconds(900))
        cluster.away = [":1"]
        try cluster.restartMaster()
        try cluster.run(500)
        #expect(cluster.log.isEmpty)
        #expect(try !cluster.master.standing(":1").isReady, "nobody knows its chunks")
        try cluster.run(450)
        #expect(cluster.log == ["\(id) :2>:3"], "and when the time is over, what is missing is made")
    }

    @Test func aServerThatComesBackWithoutItsChunksIsNotTakenToHoldThem() throws {
        var cluster = try cluster()
        let id = try cluster.put("a", .short, on: [":1", ":2"])
        try cluster.set(.maintenance, ":1", for: .seconds(3600))
        cluster.away = [":1"]
        try cluster.restartMaster()
        try cluster.run(100)
        cluster.disks[":1"] = [:]
        cluster.away = []
        try cluster.run(30)
        #expect(cluster.holders(id) == [":2", ":3"])
    }

    /// The rest of its time is counted by the calendar with the first tick, which may come later than the server.
    @Test func aServerThatMovesBeforeTheMastersFirstTickKeepsTheRestOfItsTime() throws {
        var cluster = try cluster()
        try cluster.set(.maintenance, ":1", for: .seconds(900))
        cluster.master.pass(.seconds(100))
        cluster.master.restart()
        _ = try cluster.master.heartbeat(":7")
        let node = MasterHarness.nodeID(of: try ServerAddress(":1"))
        _ = cluster.master.step(.described(try ServerAddress(":7"), .swift, nodeID: node, location: nil))
        #expect(try cluster.master.standing(":7").state == .maintenance)
        #expect(try cluster.master.standing(":7").secondsLeft == 800)
        #expect(cluster.master.image.servers.map(\.until) == [cluster.master.wallSeconds + 800])
    }

    @Test func nothingIsPlacedThereAndTheTimeIsBounded() throws {
        var cluster = try cluster()
        try cluster.set(.maintenance, ":1")
        let upload = try cluster.master.create("f").answer.upload()
        #expect(
            try Set(cluster.master.allocate("f", 0, upload: upload).answer.allocation().servers) == [":2", ":3"])
        #expect(try cluster.set(.maintenance, ":2", for: .seconds(8 * 24 * 3600)).answer.code == .invalidArgument)
        #expect(try cluster.set(.maintenance, ":2", for: .zero).answer.code == .invalidArgument)
        try cluster.set(.decommissioning, ":2")
        #expect(try cluster.set(.maintenance, ":2").answer.code == .failedPrecondition)
    }

    @Test func theSameWishAgainLetsTheTimeBeginAnew() throws {
        var cluster = try cluster()
        try cluster.set(.maintenance, ":1", for: .seconds(100))
        try cluster.run(90)
        try cluster.set(.maintenance, ":1", for: .seconds(100))
        try cluster.run(90)
        #expect(try cluster.master.standing(":1").state == .maintenance)
        #expect(try cluster.master.standing(":1").secondsLeft == 10)
        try cluster.run(11)
        #expect(try cluster.master.standing(":1").state == .normal)
    }
}
