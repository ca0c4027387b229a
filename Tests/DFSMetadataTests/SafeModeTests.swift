import DFSCore
import Testing

@testable import DFSMetadata

/// A master that starts changes nothing before it knows where the files are.
@Suite struct SafeModeTests {
    /// A restarted master of two files with two replicas each, on servers that are not back yet.
    private func restarted(_ files: Int = 2) throws -> (MasterHarness, [ChunkID]) {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        var ids: [ChunkID] = []
        for file in 0..<files {
            ids.append(try master.putFile("f\(file)").id)
            // What was reserved for it is free again.
            _ = try master.beat([":1": ids, ":2": ids])
        }
        master.restart()
        return (master, ids)
    }

    @Test func changesWaitUntilServersHaveToldOfTheChunks() throws {
        var (master, ids) = try restarted()
        let refused: [DFSError.Code?] = [
            try master.create("new").answer.code, try master.allocate("go", 0).answer.code,
            try master.rename("f0", "g").code, try master.remove("f0").code,
            try master.setReplication("f0", 1).answer.code,
            master.emptyTrash().code, try master.restore("1").code,
        ]
        #expect(refused == Array(repeating: .unavailable, count: 7))
        let answer = try master.makeFolder("folder", isExpected: false)
        guard case .failure(let error) = answer else { throw DFSError(.internal, "a folder was made") }
        #expect(error.message.contains("safe mode") && error.message.contains("0 of 2 chunks"), "\(error.message)")
        try master.join(.swift, ":1", ":2")
        _ = try master.report(":1", [(ids[0], .short)])
        #expect(try master.open("f0").answer.opened().chunks.count == 1, "what is known can be read")
        #expect(try master.remove("f0").code == .unavailable)
        let effects = try master.report(":2", [(ids[1], .short)]).effects
        #expect(effects.compactMap(\.leave) == [.safeModeLeft(unheard: 0, of: 2, examples: [])])
        #expect(try master.remove("f0").code == nil)
    }

    /// Go servers only list: that is enough, since it is about whether the chunks' servers are there.
    @Test func listsOfGoServersCount() throws {
        var (master, ids) = try restarted()
        _ = try master.heartbeat(":1", ids)
        #expect(try master.remove("f0").code == nil)
    }

    @Test func aThousandthMayBeMissing() throws {
        var (master, ids) = try restarted(1000)
        _ = try master.heartbeat(":1", Array(ids[0..<998]))
        #expect(try master.remove("f0").code == .unavailable)
        _ = try master.heartbeat(":1", Array(ids[0..<999]))
        #expect(try master.remove("f0").code == nil)
    }

    @Test func afterTheTimeLimitItWorksAndSaysWhatIsMissing() throws {
        var (master, ids) = try restarted()
        _ = try master.heartbeat(":1", [ids[1]])
        #expect(master.tick(after: .seconds(300)).compactMap(\.leave).isEmpty)
        let left = master.tick(after: .seconds(1)).compactMap(\.leave)
        #expect(left == [.safeModeLeft(unheard: 1, of: 2, examples: [ids[0]])])
        #expect(try master.remove("f0").code == nil)
        #expect(master.tick(after: .seconds(1)).compactMap(\.leave).isEmpty, "once")
    }

    /// In safe mode nothing is deleted, so a chunk that was sealed then and got a copy too many is looked at once more.
    @Test func whatHadTooManyCopiesInSafeModeIsTrimmedAfterIt() throws {
        var master = MasterHarness()
        for server in [":1", ":2", ":3"] { try master.join(.swift, server) }
        let place = try master.openChunk(of: "a")
        let (id, digest) = (place.chunk.chunk, Digest(length: 70, crc32c: 9))
        _ = try master.closeAppend("a")
        master.restart()
        for server in [":1", ":2", ":3"] { try master.join(.swift, server) }
        master.pass(.seconds(12))
        #expect(master.tick().fences.count == 2, "nobody has the lease")
        let raised = place.chunk.raised(by: 2)
        for server in place.servers { _ = master.fenced(raised, server, FenceAnswer(hasChunk: true, length: 70)) }
        for server in place.servers { _ = master.sealed(raised, 70, server, 9) }
        for server in [":1", ":2", ":3"] { _ = try master.report(server, [(id, digest)]) }
        #expect(master.state.safeMode.isOn && master.tick(after: .seconds(1)).deletions.isEmpty)
        var deletions: [ChunkID] = []
        for _ in 0..<40 {
            master.pass(.seconds(10))
            var effects: [Effect] = []
            for server in [":1", ":2", ":3"] { effects += try master.heartbeat(server, [id]) }
            effects += master.tick()
            deletions += try master.read(effects, .read(digest)).deletions
        }
        #expect(!master.state.safeMode.isOn)
        #expect(Set(deletions) == [id])
    }

    @Test func uploadsThatWereBegunGoOn() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2")
        _ = try master.putFile("old")
        let upload = try master.create("new").answer.upload()
        master.restart()
        try master.join(.swift, ":1", ":2")
        #expect(try master.create("other").answer.code == .unavailable)
        let (id, servers) = try master.allocate("new", 0, upload: upload).answer.allocation()
        let written = WrittenChunk(id: id, digest: .short, servers: try servers.map { try ServerAddress($0) })
        #expect(master.complete(upload, [written]).answer.code == nil)
        #expect(try master.open("new").answer.opened().chunks.count == 1)
    }

    @Test func nothingIsDeletedOrCopied() throws {
        var (master, ids) = try restarted(3)
        try master.join(.swift, ":1", ":2", ":3", ":4")
        // One chunk has three complete copies, one has one.
        for server in [":1", ":2", ":3"] { _ = try master.report(server, [(ids[0], .short)]) }
        _ = try master.report(":1", [(ids[1], .short)])
        for _ in 0..<20 {
            master.pass(.seconds(10))
            let effects = try master.beat([":1": [ids[0], ids[1]], ":2": [ids[0]], ":3": [ids[0]], ":4": []])
            #expect(effects.deletions.isEmpty && effects.copies.isEmpty)
        }
        // Once the third is heard of, both happen.
        var effects = try master.report(":2", [(ids[2], .short)]).effects
        for _ in 0..<4 {
            master.pass(.seconds(10))
            effects += try master.beat([":1": [ids[0], ids[1]], ":2": [ids[0], ids[2]], ":3": [ids[0]], ":4": []])
            effects += master.tick()
        }
        effects = try master.read(effects)
        #expect(effects.deletions.count >= 1 && effects.copies.count >= 2)
    }

    @Test func anEmptyMasterNeedsNoServers() throws {
        var master = MasterHarness()
        #expect(try master.makeFolder("folder").code == nil)
    }
}

extension Effect {
    fileprivate var leave: Notice? {
        guard case .log(let notice) = self, case .safeModeLeft = notice else { return nil }
        return notice
    }
}
