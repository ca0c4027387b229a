import DFSCore
import Testing

@testable import DFSMetadata

/// Attributes come with their file and stay with it, each checked again on a master that was restarted from the store.
@Suite struct AttributeTests {
    private static let pair = ["author": "Ann", "year": "2026"]

    private func cluster() throws -> MasterHarness {
        var master = MasterHarness(policy: .withoutSafeMode)
        try master.join(.swift, ":1", ":2")
        return master
    }

    @Test func theyAreSeenOnceTheFileIsComplete() throws {
        var master = try cluster()
        let upload = try master.create("d/f", attributes: Self.pair).answer.upload()
        let (id, servers) = try master.allocate("d/f", 0, upload: upload).answer.allocation()
        // Also where the master is another one by then.
        master.restart()
        try master.join(.swift, ":1", ":2")
        #expect(try master.ask(.status, "d/f").code == .notFound)
        let written = WrittenChunk(id: id, digest: .short, servers: try servers.map { try ServerAddress($0) })
        #expect(master.complete(upload, [written]).answer.code == nil)
        for _ in 0..<2 {
            #expect(try master.attributes("d/f") == Self.pair)
            guard case .listed(let nodes, false) = try master.ask(.list, "d").get() else { throw WrongAnswer() }
            #expect(nodes.map(\.attributes) == [FileAttributes()], "a listing stays small")
            master.restart()
        }
        try master.join(.swift, ":1", ":2")
        _ = try master.report(":1", [(id, .short)])
        #expect(try master.open("d/f").answer.opened().attributes == FileAttributes(Self.pair))
    }

    @Test func theyStayWithTheFileWhereverItIs() throws {
        var master = try cluster()
        try master.put("a", attributes: Self.pair)
        try master.makeFolder("d")
        #expect(try master.rename("a", "d/b").code == nil)
        #expect(try master.rename("d", "e").code == nil)
        #expect(try master.setAttributes("e/b", ["year": "2027"], removing: ["author"]).code == nil)
        for _ in 0..<2 {
            #expect(try master.attributes("e/b") == ["year": "2027"])
            master.restart()
        }
        #expect(try master.remove("e", recursively: true).code == nil)
        master.restart()
        #expect(try master.restore(try #require(try master.trash().first).id).code == nil)
        #expect(try master.attributes("e/b") == ["year": "2027"])
    }

    @Test func aFileThatReplacesAnotherBringsItsOwn() throws {
        var master = try cluster()
        try master.put("f", attributes: Self.pair)
        try master.put("f", replaces: true)
        for _ in 0..<2 {
            #expect(try master.attributes("f").isEmpty)
            master.restart()
        }
        try master.join(.swift, ":1", ":2")
        try master.put("f", replaces: true, attributes: ["new": ""])
        #expect(try master.attributes("f") == ["new": ""])
        let first = try #require(try master.trash().first)
        #expect(try master.restore(first.id, to: "old").code == nil)
        #expect(try master.attributes("old") == Self.pair)
    }

    /// The slot of a file that is gone is another file's.
    @Test func theyGoWithTheirFile() throws {
        var master = try cluster()
        try master.put("f", attributes: Self.pair)
        #expect(try master.remove("f").code == nil)
        #expect(master.emptyTrash().code == nil)
        _ = master.tick(after: .seconds(61))
        _ = master.tick(after: .seconds(1))
        #expect(master.image.files.isEmpty)
        try master.join(.swift, ":1", ":2")
        try master.put("g")
        #expect(try master.attributes("g").isEmpty)
    }

    @Test func aChangeIsCarriedOutOnce() throws {
        var master = try cluster()
        try master.put("f")
        #expect(try master.setAttributes("f", ["a": "1"], id: "first").code == nil)
        #expect(try master.setAttributes("f", ["a": "2"], id: "second").code == nil)
        for _ in 0..<2 {
            #expect(try master.setAttributes("f", ["a": "1"], id: "first").code == nil, "asked again, late")
            #expect(try master.attributes("f") == ["a": "2"])
            master.restart()
        }
    }

    @Test func whatCannotBeChangedIsSaid() throws {
        var master = try cluster()
        try master.put("d/f", attributes: ["a": "1"])
        #expect(try master.setAttributes("d", ["a": "1"]).code == .failedPrecondition)
        #expect(try master.setAttributes("none", ["a": "1"]).code == .notFound)
        #expect(try master.setAttributes("d/f", ["a": "2"], removing: ["a"]).code == .invalidArgument)
        let many = Dictionary(uniqueKeysWithValues: (0..<64).map { ("\($0)", "") })
        #expect(try master.setAttributes("d/f", many, id: "many").code == .failedPrecondition)
        #expect(try master.attributes("d/f") == ["a": "1"])
        // What was refused was not carried out, so the same request may be made good.
        #expect(try master.setAttributes("d/f", many, removing: ["a"], id: "many").code == nil)
        #expect(try master.attributes("d/f") == many)
        _ = try master.create("open")
        #expect(try master.setAttributes("open", ["a": "1"]).code == .notFound)
    }

    @Test func aMasterInSafeModeChangesNothing() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        try master.put("f")
        master.restart()
        #expect(try master.setAttributes("f", ["a": "1"]).code == .unavailable)
        #expect(try master.attributes("f").isEmpty)
    }
}
