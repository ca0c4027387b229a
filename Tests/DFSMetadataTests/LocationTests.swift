import DFSCore
import Testing

@testable import DFSMetadata

/// Where copies go, and who reads which, when servers say where they stand.
@Suite struct LocationTests {
    private static let racks = [":1": "/r1/a", ":2": "/r1/b", ":3": "/r2/c", ":4": "/r2/d"]

    /// Four servers on two racks; the first rack has far more room.
    private func twoRacks() throws -> MasterHarness {
        var master = MasterHarness()
        for (address, location) in Self.racks.sorted(by: { $0.key < $1.key }) {
            _ = try master.heartbeat(address, free: location.hasPrefix("/r1") ? 9000 : 1000)
            _ = try master.described(address, .swift, location: location)
        }
        return master
    }

    private func rack(_ address: String) -> Substring { Self.racks[address]?.prefix(3) ?? "" }

    @Test func copiesGoToDifferentRacksThoughOneHasMoreRoom() throws {
        var master = try twoRacks()
        for index in 0..<20 {
            let servers = try master.allocate("f\(index)", 0, over: UInt64(index + 1)).answer.allocation().servers
            #expect(servers.count == 2 && Set(servers.map(rack)).count == 2, "\(servers)")
        }
    }

    @Test func moreCopiesThanRacksGoToDifferentMachines() throws {
        var master = try twoRacks()
        let upload = try master.create("f", copies: 4).answer.upload()
        let servers = try master.allocate("f", 0, upload: upload).answer.allocation().servers
        #expect(Set(servers).count == 4)
    }

    @Test func theWritersMachineIsFirstAndTheNextIsOnAnotherRack() throws {
        var master = try twoRacks()
        let upload = try master.create("f", copies: 3).answer.upload()
        let servers = try master.allocate("f", 0, upload: upload, from: "/r2/d").answer.allocation().servers
        #expect(servers.first == ":4")
        #expect(Set(servers.map(rack)).count == 2)
    }

    @Test func theChainGoesFromOneToTheNearest() throws {
        var master = try twoRacks()
        let upload = try master.create("f", copies: 4).answer.upload()
        let servers = try master.allocate("f", 0, upload: upload, from: "/r2/x").answer.allocation().servers
        #expect(servers.map(rack) == ["/r2", "/r2", "/r1", "/r1"])
    }

    @Test func aServerThatFailedIsReplacedOffTheRackOfTheOneThatIsKept() throws {
        var master = try twoRacks()
        let upload = try master.create("f").answer.upload()
        let first = try master.allocate("f", 0, upload: upload).answer.allocation().servers
        let again = try master.allocate("f", 0, upload: upload, excluding: [first[1]]).answer.allocation().servers
        #expect(again[0] == first[0])
        #expect(rack(again[1]) != rack(again[0]))
    }

    @Test func readersAreSentToTheNearestReplica() throws {
        var master = try twoRacks()
        _ = try master.putFile("f")
        for _ in 0..<10 {
            for place in ["/r1/x", "/r2/x"] {
                let servers = try master.open("f", from: place).answer.opened().chunks[0].servers.map(\.description)
                #expect(servers.count == 2 && rack(servers[0]) == place.prefix(3))
            }
        }
    }

    @Test func aLostCopyIsMadeAgainOnTheRackThatLacksIt() throws {
        var master = try twoRacks()
        let (id, servers) = try master.putFile("f")
        let (survivor, lost) = (servers[0], servers[1])
        var lists = Dictionary(uniqueKeysWithValues: Self.racks.keys.filter { $0 != lost }.map { ($0, [ChunkID]()) })
        lists[survivor] = [id]
        master.pass(.seconds(20))
        _ = try master.beat(lists)
        let ordered = master.tick(after: .seconds(12)).copies
        let target = try #require(ordered.first?.split(separator: ">").last.map(String.init))
        #expect(rack(target) != rack(survivor) && target != lost)
    }

    /// Its copy stays there, and does not take its rack's place.
    @Test func theCopyOfAServerThatIsToGoIsMadeOnItsRack() throws {
        var master = try twoRacks()
        let (id, servers) = try master.putFile("f")
        for server in servers { _ = try master.heartbeat(server, free: 5000, [id]) }
        let leaving = try #require(servers.first { rack($0) == "/r2" })
        let ordered = try master.set(.decommissioning, leaving).effects + master.tick(after: .seconds(1))
        let target = try #require(ordered.copies.first?.split(separator: ">").last.map(String.init))
        #expect(rack(target) == "/r2" && target != leaving)
    }

    @Test func ofTooManyCopiesOneGoesThatSharesItsRack() throws {
        var master = try twoRacks()
        let (id, servers) = try master.putFile("f")
        for server in servers { _ = try master.heartbeat(server, [id]) }
        let third = try #require(Self.racks.keys.sorted().first { !servers.contains($0) })
        let effects = try master.read(master.report(third, [(id, .short)]).effects) + master.heartbeat(third, [id])
        let stream = effects.compactMap { effect in
            if case .heartbeatResponse(let stream, let batch) = effect, batch.deletions == [id] { stream } else { nil }
        }
        let crowded = (servers + [third]).filter { rack($0) == rack(third) }
        #expect(crowded.count == 2 && stream.count == 1)
        let victims = try crowded.map { MasterHarness.stream(of: try ServerAddress($0), life: 0) }
        #expect(victims.contains(stream[0]))
    }

    @Test func aServerMovesWhenItSaysSoAndGoServersAreKnownByTheirHosts() throws {
        var master = MasterHarness()
        _ = try master.heartbeat("a:1")
        _ = try master.heartbeat("a:2", free: 9000)
        _ = try master.heartbeat("b:1", free: 1000)
        for address in ["a:1", "a:2", "b:1"] { _ = try master.described(address, .go) }
        let servers = try master.allocate("f", 0).answer.allocation().servers
        #expect(Set(servers.map { $0.prefix(1) }) == ["a", "b"], "no two copies on one host: \(servers)")
    }
}
