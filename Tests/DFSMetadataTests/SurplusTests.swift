import DFSCore
import Testing

@testable import DFSMetadata

/// Which copies are too many, and when they go.
@Suite struct SurplusTests {
    /// A file of two copies, and a third copy on `:3`.
    private func scene(_ third: (inout MasterHarness, ChunkID) throws -> [Effect]) throws -> (
        MasterHarness, ChunkID, [Effect]
    ) {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        let id = try master.putFile("a").id
        try master.join(.swift, ":3")
        for server in [":1", ":2"] { _ = try master.heartbeat(server, [id]) }
        let effects = try third(&master, id)
        return (master, id, effects)
    }

    @Test func aCopyThatIsOnlyListedIsNoReasonToDeleteAnother() throws {
        var (master, id, effects) = try scene { master, id in try master.heartbeat(":3", [id]) }
        for _ in 0..<10 {
            effects += try master.beat([":1": [id], ":2": [id], ":3": [id]]) + master.tick(after: .seconds(5))
        }
        #expect(effects.deletions.isEmpty)
        #expect(try master.read(master.report(":3", [(id, .short)]).effects).deletions == [id])
    }

    @Test func aCopyThatItsServersNewestListLacksIsNoReasonEither() throws {
        var (master, id, effects) = try scene { master, id in
            // :2 lists it no more, which does not count yet: two copies are sure when the third comes.
            let first = try master.heartbeat(":2", [])
            return first + (try master.heartbeat(":3", [id])) + (try master.report(":3", [(id, .short)]).effects)
        }
        #expect(effects.deletions.isEmpty)
        effects = try master.read(master.beat([":1": [id], ":2": [id], ":3": [id]]))
        #expect(effects.deletions == [id], "it is listed again: three are sure")
        for _ in 0..<3 { effects += try master.read(master.report(":1", [(id, .short)]).effects) }
        #expect(effects.deletions == [id], "it is told of once")
    }

    @Test func oneCopyGoesAndNotTwoWhileItsDeletionIsOnItsWay() throws {
        var (master, id, effects) = try scene { master, id in try master.report(":3", [(id, .short)]).effects }
        effects = try master.read(effects)
        for server in [":1", ":2", ":3"] { effects += try master.read(master.report(server, [(id, .short)]).effects) }
        #expect(effects.deletions == [id])
        let path = try FileName("a")
        let less = master.ask { .setReplication(path, 1, $0) }.effects
        #expect(try master.read(less).deletions == [id], "one more is wanted no more")
        for server in [":1", ":2", ":3"] { effects = try master.report(server, [(id, .short)]).effects }
        #expect(effects.deletions.isEmpty, "the last one stays")
        #expect(try master.open("a").answer.opened().chunks[0].servers.count == 1)
    }

    @Test func aCopyOnADeadServerDoesNotCountAsOneThatMakesAnotherTooMany() throws {
        var (master, id, _) = try scene { _, _ in [] }
        // :1 dies; the copy on :3 takes its place, and nothing is too much.
        var effects: [Effect] = []
        for _ in 0..<7 {
            master.pass(.seconds(5))
            effects += try master.beat([":2": [id], ":3": []]) + master.tick()
        }
        #expect(effects.copies == ["\(id)>:3"])
        effects = try master.report(":3", [(id, .short)]).effects
        effects += try master.beat([":2": [id], ":3": [id]]) + master.tick()
        #expect(try master.read(effects).deletions.isEmpty)
    }
}
