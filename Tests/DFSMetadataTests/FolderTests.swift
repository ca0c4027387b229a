import DFSCore
import Testing

@testable import DFSMetadata

/// Folders, renames, removals and the trash, each checked again on a master that was restarted from the store.
@Suite struct FolderTests {
    private static let chunk = Digest.short

    private func cluster() throws -> MasterHarness {
        var master = MasterHarness(policy: .withoutSafeMode)
        try master.join(.swift, ":1", ":2", ":3")
        return master
    }

    @Test func foldersComeWithTheirFilesAndAreListedInOrder() throws {
        var master = try cluster()
        for name in ["b/x", "a", "b/y/z", "c"] { try master.put(name) }
        for _ in 0..<2 {
            #expect(try master.list(nil) == ["a", "b/", "c"])
            #expect(try master.list("b") == ["x", "y/"])
            #expect(try master.list("b/y") == ["z"])
            master.restart()
        }
        #expect(try master.ask(.list, "a").code == .failedPrecondition)
        #expect(try master.ask(.list, "none").code == .notFound)
        #expect(try master.ask(.status, "b/y/none").code == .notFound)
    }

    /// Swift's `Character` joins the `/` and what is behind it.
    @Test(arguments: ["\u{301}", "\u{200D}", "\u{FE0F}", "\u{1F3FD}", "\u{3099}"])
    func aNameThatBeginsWithAMarkIsOne(_ mark: String) throws {
        var master = try cluster()
        try master.put("a/b")
        try master.put("a/\(mark)b")
        try master.makeFolder("a/\(mark)")
        try master.put("a/\(mark)/c")
        #expect(try master.remove("a/\(mark)b").code == nil)
        for _ in 0..<2 {
            #expect(try master.list("a").map { Array($0.utf8) } == ["b", mark + "/"].map { Array($0.utf8) })
            #expect(try master.list("a/\(mark)") == ["c"])
            #expect(try master.status("a/\(mark)").name.utf8.elementsEqual(mark.utf8))
            master.restart()
        }
    }

    @Test func aPageBeginsBehindItsCursor() throws {
        var master = try cluster()
        for number in 0..<25 { try master.makeFolder("f/\(number)") }
        var names: [String] = []
        var cursor: PathPart?
        while true {
            guard case .listed(let nodes, let hasMore) = try master.list("f", after: cursor, limit: 4).get() else {
                throw WrongAnswer()
            }
            names += nodes.map(\.name)
            guard hasMore, let last = nodes.last else { break }
            cursor = try PathPart(last.name)
        }
        #expect(names == (0..<25).map { "\($0)" }.sorted())
    }

    @Test func aFileIsInTheWayOfAFolderAndTheOtherWayRound() throws {
        var master = try cluster()
        try master.put("a")
        #expect(try master.create("a/b").answer.code == .failedPrecondition)
        #expect(try master.makeFolder("a", isExpected: false).code == .alreadyExists)
        try master.makeFolder("f")
        try master.makeFolder("f")
        #expect(try master.create("f").answer.code == .failedPrecondition)
        #expect(try master.allocate("f", 0).answer.code == .failedPrecondition)
        #expect(try master.open("f").answer.code == .failedPrecondition)
        // An upload that is not complete has its name already.
        _ = try master.create("open")
        #expect(try master.create("open/x").answer.code == .failedPrecondition)
        #expect(try master.makeFolder("open", isExpected: false).code == .alreadyExists)
        #expect(try master.rename("a", "open").code == .alreadyExists)
    }

    @Test func aFolderMovesWithAllThatIsInIt() throws {
        var master = try cluster()
        let chunk = try master.put("a/b/c")
        try master.makeFolder("d")
        #expect(try master.rename("a", "a/b/e").code == .invalidArgument)
        #expect(try master.rename("a", "none/e").code == .notFound)
        #expect(try master.rename("none", "e").code == .notFound)
        #expect(try master.rename("a", "d").code == .alreadyExists)
        #expect(try master.rename("a", "d/e").code == nil)
        for _ in 0..<2 {
            #expect(try master.list(nil) == ["d/"])
            #expect(try master.list("d/e/b") == ["c"])
            master.restart()
        }
        try master.join(.swift, ":1", ":2")
        _ = try master.report(":1", [(chunk, Self.chunk)])
        #expect(try master.open("d/e/b/c").answer.opened().chunks.map(\.id) == [chunk], "chunk ids stay")
        #expect(try master.open("a/b/c").answer.code == .notFound)
    }

    @Test func aRenameReplacesOnlyWhenAsked() throws {
        var master = try cluster()
        let new = try master.put("new")
        try master.put("old")
        #expect(try master.rename("new", "old").code == .alreadyExists)
        #expect(try master.rename("new", "old", replaces: true).code == nil)
        #expect(try master.list(nil) == ["old"])
        #expect(try master.open("old").answer.opened().chunks.map(\.id) == [new])
        #expect(try master.trash().map(\.node.name) == ["old"])
    }

    @Test func readersSeeTheOldFileUntilTheNewOneIsComplete() throws {
        var master = try cluster()
        let old = try master.put("a")
        #expect(try master.create("a").answer.code == .alreadyExists)
        let upload = try master.create("a", replaces: true).answer.upload()
        #expect(try master.create("a", over: 3, replaces: true).answer.code == .alreadyExists, "one writer at a time")
        let new = try master.allocate("a", 0, upload: upload).answer.allocation()
        #expect(try master.open("a").answer.opened().chunks.map(\.id) == [old])
        let (answer, effects) = master.complete(
            upload, [WrittenChunk(id: new.id, digest: Self.chunk, servers: try [ServerAddress(new.servers[0])])])
        #expect(answer.code == nil)
        #expect(effects.deletions.isEmpty, "the old one is in the trash")
        #expect(try master.open("a").answer.opened().chunks.map(\.id) == [new.id])
        let entry = try #require(try master.trash().first)
        #expect(try master.restore(entry.id).code == .alreadyExists)
        #expect(try master.restore(entry.id, to: "before").code == nil)
        #expect(try master.open("before").answer.opened().chunks.map(\.id) == [old])
    }

    @Test func whatWasRemovedComesBackWholeOrGoesForGood() throws {
        var master = try cluster()
        let chunk = try master.put("f/g/a")
        try master.put("f/b")
        #expect(try master.remove("f").code == .failedPrecondition, "it is not empty")
        #expect(try master.remove("f", recursively: true).code == nil)
        #expect(try master.open("f/g/a").answer.code == .notFound)
        #expect(try master.create("f").answer.code == nil, "the name is free")
        for _ in 0..<2 {
            #expect(try master.trash().map(\.node.name) == ["f"])
            master.restart()
        }
        let id = try #require(try master.trash().first?.id)
        #expect(try master.restore(id, to: "h").code == nil)
        #expect(try master.restore(id, to: "h2").code == .notFound)
        #expect(try master.list("h") == ["b", "g/"])
        #expect(try master.trash().isEmpty)
        #expect(try master.remove("h", recursively: true).code == nil)
        try master.join(.swift, ":1", ":2", ":3")
        _ = try master.report(":1", [(chunk, Self.chunk)])
        #expect(master.tick(after: .seconds(24 * 3600 - 10)).deletions.isEmpty, "not before its time")
        // The server is there again, and has to be told.
        try master.join(.swift, ":1", ":2", ":3")
        _ = try master.heartbeat(":1", [chunk])
        #expect(master.tick(after: .seconds(20)).deletions == [chunk])
        #expect(try master.trash().isEmpty)
        #expect(master.image.files.filter(\.isSealed).isEmpty && master.image.trash.isEmpty)
        #expect(master.image.folders.isEmpty)
    }

    @Test func theTrashIsEmptiedALittleAtATimeAlsoAcrossARestart() throws {
        var master = try cluster()
        for number in 0..<1500 { try master.makeFolder("f/\(number)") }
        _ = master.tick(after: .seconds(60))
        #expect(try master.remove("f", recursively: true).code == nil)
        let id = try #require(try master.trash().first?.id)
        #expect(master.emptyTrash().code == nil)
        #expect(try master.restore(id).code == .notFound, "it is being deleted")
        _ = master.tick(after: .seconds(1))
        #expect(master.image.folders.count == 501)
        master.restart()
        _ = master.tick(after: .seconds(60))
        #expect(master.image.folders.isEmpty && master.image.trash.isEmpty)
    }

    /// Emptying is one change however much there is, and what is removed later is not touched by it, whatever the clock does.
    @Test func emptyingTheTrashIsOneChangeAndTakesOnlyWhatIsThere() throws {
        var master = try cluster()
        for number in 0..<300 {
            try master.makeFolder("f\(number)")
            #expect(try master.remove("f\(number)").code == nil)
        }
        let (answer, effects) = master.ask { .emptyTrash(nil, request: "", $0) }
        #expect(answer.code == nil && effects.mutations.count == 1)
        try master.makeFolder("later")
        #expect(try master.remove("later").code == nil)
        let trash = try master.trash()
        #expect(trash.count { $0.isPurging } == 300 && trash.last.map { $0.isPurging } == false)
        master.restart()
        // The calendar went back by years meanwhile.
        master.setCalendarBack(by: 100_000_000)
        try master.makeFolder("last")
        #expect(try master.remove("last").code == nil)
        _ = master.tick(after: .seconds(60))
        #expect(try master.trash().map(\.node.name) == ["later", "last"])
        #expect(master.image.trash.count == 2)
    }

    /// The answer was lost, and all is gone by the time that the client asks again.
    @Test func deletingOneRemovalForGoodIsDoneOnceHoweverOftenItIsAskedFor() throws {
        var master = try cluster()
        try master.put("a")
        #expect(try master.remove("a").code == nil)
        let id = try PathPart(try #require(try master.trash().first?.id))
        for life in 0..<2 {
            #expect(master.ask { .emptyTrash(id, request: "r", $0) }.answer.code == nil)
            _ = master.tick(after: .seconds(60))
            #expect(try master.trash().isEmpty, "in life \(life)")
            #expect(master.ask { .emptyTrash(id, request: "r", $0) }.answer.code == nil, "in life \(life)")
            master.restart()
        }
        #expect(master.ask { .emptyTrash(id, request: "another", $0) }.answer.code == .notFound)
    }

    /// Twenty-four hours in the trash are hours that passed, not a step of the clock.
    @Test func aClockThatJumpsAheadPurgesNothing() throws {
        var master = try cluster()
        _ = master.tick(after: .seconds(60))
        try master.makeFolder("f")
        #expect(try master.remove("f").code == nil)
        master.setCalendarBack(by: -1_000_000)
        #expect(master.tick(after: .seconds(1)).mutations.isEmpty)
        #expect(master.tick(after: .seconds(23 * 3600)).mutations.isEmpty)
        _ = master.tick(after: .seconds(3600))
        #expect(try master.trash().isEmpty)
    }

    /// A folder that is moved deeper can make paths that no client may name; what is replaced there must go all the same.
    /// As where a machine has no clock of its own: the master begins in 1970, and is told the time later.
    @Test func aClockThatStaysAheadIsBelievedInTheEnd() throws {
        var master = MasterHarness(policy: .withoutSafeMode)
        master.setCalendarBack(by: 1_000_000_000)
        master.restart()
        try master.join(.swift, ":1", ":2")
        _ = master.tick(after: .seconds(60))
        master.setCalendarBack(by: -1_000_000_000)
        _ = try master.beat([":1": [], ":2": []])
        try master.put("a")
        #expect(try master.remove("a").code == nil)
        _ = master.tick()
        for _ in 0..<23 { _ = master.tick(after: .seconds(3600)) }
        #expect(try master.trash().count == 1)
        for _ in 0..<2 { _ = master.tick(after: .seconds(3601)) }
        #expect(try master.trash().isEmpty)
    }

    @Test func whatWasRemovedInATimeToComeKeepsNothingElse() throws {
        var master = try cluster()
        try master.put("a")
        try master.put("b")
        master.setCalendarBack(by: -1_000_000)
        #expect(try master.remove("a").code == nil)
        master.setCalendarBack(by: 1_000_000)
        #expect(try master.remove("b").code == nil)
        _ = master.tick(after: .seconds(24 * 3600 + 1))
        #expect(try master.trash().map(\.node.name) == ["a"])
    }

    @Test func aFileWhosePathGrewTooLongIsReplacedAndKept() throws {
        var master = try cluster()
        let long = String(repeating: "x", count: 2500)
        try master.put("f/\(long)")
        let upload = try master.create("f/\(long)", replaces: true).answer.upload()
        let chunk = try master.allocate("f/\(long)", 0, upload: upload).answer.allocation()
        let deep = String(repeating: "y", count: 2500)
        try master.makeFolder(deep)
        #expect(try master.rename("f", "\(deep)/f").code == nil)
        let written = WrittenChunk(id: chunk.id, digest: Self.chunk, servers: try [ServerAddress(chunk.servers[0])])
        #expect(master.complete(upload, [written]).answer.code == nil)
        #expect(try master.list("\(deep)/f") == [long])
        #expect(try master.trash().map(\.node.name) == [long])
    }

    @Test func anUploadIntoAFolderThatWasRemovedEnds() throws {
        var master = try cluster()
        let upload = try master.create("f/a").answer.upload()
        let chunk = try master.allocate("f/a", 0, upload: upload).answer.allocation()
        #expect(try master.remove("f").code == .failedPrecondition, "somebody writes into it")
        #expect(try master.remove("f", recursively: true).code == nil)
        let written = WrittenChunk(id: chunk.id, digest: Self.chunk, servers: try [ServerAddress(chunk.servers[0])])
        #expect(master.complete(upload, [written]).answer.code == .notFound)
        #expect(master.image.files.isEmpty)
    }

    @Test func aChangeThatIsAskedTwiceIsMadeOnce() throws {
        var master = try cluster()
        try master.put("a")
        try master.put("b")
        #expect(try master.rename("a", "c", id: "r1").code == nil)
        master.restart()
        #expect(try master.rename("a", "c", id: "r1").code == nil)
        #expect(try master.rename("a", "c", id: "r2").code == .notFound)
        #expect(try master.remove("c", id: "r3").code == nil)
        try master.makeFolder("c")
        #expect(try master.remove("c", id: "r3").code == nil)
        #expect(try master.list(nil) == ["b", "c/"])
        let first = try master.create("d", id: "u1").answer.upload()
        #expect(try master.create("d", id: "u1").answer.upload() == first)
        #expect(try master.create("d", id: "u2").answer.code == .alreadyExists)
        #expect(try master.remove("b", id: String(repeating: "x", count: 65)).code == .invalidArgument)
    }

    /// A client that waits for its master asks again minutes later, whatever others change meanwhile, also over a restart.
    @Test(arguments: [false, true]) func aChangeIsKnownForItsTimeHoweverManyComeBehindIt(isRestarted: Bool) throws {
        var master = try cluster()
        try master.put("a")
        try master.put("b")
        #expect(try master.remove("a", id: "first").code == nil)
        for number in 0...10_000 {
            #expect(try master.setAttributes("b", ["n": "\(number)"], id: "r\(number)").code == nil)
        }
        try master.put("a")
        if isRestarted {
            master.restart()
            try master.join(.swift, ":1", ":2", ":3")
        }
        _ = master.tick(after: .seconds(599))
        #expect(try master.remove("a", id: "first").code == nil)
        #expect(try master.list(nil) == ["a", "b"])
    }

    @Test func copiesFollowTheNumberThatIsAskedFor() throws {
        var master = try cluster()
        let chunk = try master.put("a", on: 2)
        let more = try master.setReplication("a", 3)
        #expect(more.effects.copies.count == 1)
        #expect(more.effects.mutations.count == 1)
        for server in [":1", ":2", ":3"] { _ = try master.report(server, [(chunk, Self.chunk)]) }
        let less = try master.setReplication("a", 1)
        #expect(less.effects.deletions.isEmpty, "the one that stays is read first")
        #expect(try master.read(less.effects, .read(Self.chunk)).deletions.count == 2)
        #expect(try master.setReplication("a", 0).answer.code == .invalidArgument)
        #expect(try master.setReplication("none", 1).answer.code == .notFound)
    }

    /// `é` as one scalar and as two: Swift takes the two for equal, file systems and Go clients do not.
    @Test func namesThatOnlyLookAlikeStayApart() throws {
        let (one, two) = ("\u{e9}", "e\u{301}")
        var master = MasterHarness(policy: .withoutSafeMode)
        try master.join(.swift, ":1", ":2")
        var chunks = [try master.put("\(one)/a"), try master.put("\(two)/a"), try master.put("\(one)/b")]
        chunks.append(try master.put(one + "f"))
        #expect(try master.rename(one + "f", two + "f").code == nil)
        for _ in 0..<2 {
            for chunk in chunks {
                let handle = try #require(master.state.chunk(named: chunk), "\(chunk) is not known any more")
                #expect(master.state.id(of: handle) == chunk)
            }
            let names = try master.list(nil).map { Array($0.utf8) }
            #expect(names == ["\(two)/", "\(two)f", "\(one)/"].map { Array($0.utf8) })
            master.restart()
        }
    }

    /// Whatever the store says of times, nobody counts beyond what a number holds.
    @Test func aRemovalOfAnImpossibleTimeHarmsNobody() throws {
        var master = try cluster()
        try master.put("a")
        #expect(try master.remove("a").code == nil)
        var image = master.image
        let record = try #require(image.trash.first)
        image.trash = [TrashRecord(id: record.id, node: record.node, path: record.path, removedAt: .max)]
        master = MasterHarness(policy: .withoutSafeMode, image: image)
        _ = master.tick(after: .seconds(60))
        #expect(try master.trash().count == 1)
    }

    /// What nobody asks again any more is forgotten, and of too many the oldest.
    @Test func changesAreForgottenByAgeAndByNumber() throws {
        var policy = ClusterPolicy.withoutSafeMode
        (policy.leastRequests, policy.maxRequests) = (2, 5)
        var master = MasterHarness(policy: policy)
        try master.join(.swift, ":1", ":2", ":3")
        try master.put("a")
        var ids: [String] = []
        func change(_ count: Int) throws {
            for _ in 0..<count {
                ids.append("r\(ids.count)")
                #expect(try master.setAttributes("a", ["n": "\(ids.count)"], id: ids.last ?? "").code == nil)
            }
        }
        try change(3)
        _ = master.tick(after: .seconds(500))
        #expect(master.image.requests.map(\.id) == ids)
        try change(1)
        _ = master.tick(after: .seconds(101))
        #expect(master.image.requests.map(\.id) == Array(ids[2...]), "two are left whatever their age")
        try change(4)
        #expect(master.image.requests.map(\.id) == Array(ids[3...]) && master.state.requests.count == 5)
        // After a start all that is there has its time again.
        _ = master.tick(after: .seconds(400))
        master.restart()
        try master.join(.swift, ":1", ":2", ":3")
        _ = master.tick(after: .seconds(600))
        #expect(master.image.requests.count == 5)
        _ = master.tick(after: .seconds(1))
        #expect(master.image.requests.map(\.id) == Array(ids[6...]) && master.state.requests.count == 2)
    }
}
