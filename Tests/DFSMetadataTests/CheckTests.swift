import DFSCore
import Testing

@testable import DFSMetadata

/// What operators are told: chunk servers, and how the replicas of files are.
@Suite struct CheckTests {
    private func cluster() throws -> MasterHarness {
        var master = MasterHarness()
        try master.join(.swift, ":1", ":2", ":3")
        return master
    }

    @Test func aFileIsAsItsWorstChunk() throws {
        var master = try cluster()
        let (whole, servers) = try master.putFile("f/a")
        let half = try master.put("f/b", on: 1)
        _ = try master.create("f/open")
        _ = try master.create("f/a", over: 9, replaces: true)
        let page = try master.check("f", withChunks: true)
        #expect(page.files.map(\.path) == ["f/a", "f/a", "f/b", "f/open"])
        #expect(page.files.map(\.isOpen) == [true, false, false, true])
        #expect(page.files.map(\.healthyChunks) == [0, 1, 0, 0])
        #expect(page.files.map(\.underReplicatedChunks) == [0, 0, 1, 0])
        #expect(page.files.flatMap(\.chunks).map(\.id) == [whole, half])
        #expect(Set(page.files[1].chunks[0].servers.map(\.description)) == Set(servers))
        #expect(page.files[1].chunks[0].digest == .short && page.files[1].length == 1000)
        #expect(page.end == nil && page.isStarting)
        #expect(try master.check("f").files.allSatisfy { $0.chunks.isEmpty })

        // All servers fall silent.
        _ = master.tick(after: .seconds(60))
        let later = try master.check(nil)
        #expect(later.files.map(\.missingChunks) == [0, 1, 1, 0] && !later.isStarting)
    }

    @Test func oneFileCanBeChecked() throws {
        var master = try cluster()
        try master.put("f/b")
        _ = try master.create("f/open")
        #expect(try master.check("f/b").files.map(\.path) == ["f/b"])
        #expect(try master.check("f/open").files.map(\.isOpen) == [true])
        for path in ["f/none", "none", "f/b/c"] {
            let name = try FileName(path)
            let answer = master.ask { .checkFiles(CheckRequest(path: name), $0) }.answer
            #expect(answer.code == .notFound)
        }
    }

    /// More files, folders and chunks than one page holds, in the order of their paths' parts.
    @Test func pagesGoOnWhereTheLastOneEnded() throws {
        var master = try cluster()
        for server in [":1", ":2", ":3"] { _ = try master.heartbeat(server, free: 1 << 30) }
        var paths: [String] = []
        for folder in ["a", "a-b", "a/b", "z/y/x"] {
            for number in 0..<150 {
                paths.append("\(folder)/\(number)")
                try master.put(paths[paths.count - 1])
            }
        }
        for number in 0..<60 { try master.makeFolder("empty/\(number)/inner") }
        for number in 0..<5 {
            paths.append("a/b/5\(number)-open")
            _ = try master.create("a/b/5\(number)-open")
        }
        let (files, pages) = try master.checkAll(nil)
        let sorted = paths.map { $0.split(separator: "/").map(String.init) }.sorted { left, right in
            left.lexicographicallyPrecedes(right) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
        #expect(files.map(\.path) == sorted.map { $0.joined(separator: "/") })
        #expect(pages > 3)
        #expect(try master.checkAll("a/b").files.count == 155)
    }

    @Test func aFileOfManyChunksComesInParts() throws {
        var master = try cluster()
        try master.putLarge("d/large", chunkCount: 4500)
        try master.put("d/later")
        for path in ["d/large", "d", nil] {
            let (files, pages) = try master.checkAll(path, withChunks: true)
            let parts = files.filter { $0.path == "d/large" }
            #expect(
                parts.map(\.firstChunk) == [0]
                    + parts.dropLast().reduce(into: []) { starts, part in
                        starts.append((starts.last ?? 0) + part.chunks.count)
                    })
            #expect(parts.reduce(0) { $0 + $1.healthyChunks } == 4500 && parts.flatMap(\.chunks).count == 4500)
            #expect(parts.allSatisfy { $0.chunks.count <= MasterState.checkBudget } && pages == 3)
            #expect(files.count { $0.path == "d/later" } == (path == "d/large" ? 0 : 1))
        }
    }

    @Test func aPositionThatIsGoneIsGoneOnBehind() throws {
        var master = try cluster()
        for name in ["a/x", "b/x/y", "b/z", "c"] { try master.put(name) }
        let position = CheckCursor(parts: try ["b", "x", "y"].map { try PathPart($0) }, chunks: 7)
        #expect(try master.check(nil, after: position).files.map(\.path) == ["b/z", "c"])
        #expect(try master.remove("b/x", recursively: true).code == nil)
        #expect(try master.check(nil, after: position).files.map(\.path) == ["b/z", "c"])
        #expect(try master.remove("b", recursively: true).code == nil)
        #expect(try master.check(nil, after: position).files.map(\.path) == ["c"])
    }

    @Test func aPathThatGrewTooLongIsCheckedToo() throws {
        var master = try cluster()
        let long = (0..<15).map { _ in String(repeating: "l", count: 250) }.joined(separator: "/")
        try master.makeFolder(long)
        try master.put("m/" + long + "/f")
        #expect(try master.rename("m", long + "/m").code == nil)
        let files = try master.check(nil).files
        #expect(files.count == 1 && files[0].path.utf8.count > FileName.maxByteCount)
    }

    @Test func serversAreListedWithWhatTheyToldLast() throws {
        var master = MasterHarness()
        try master.join(.swift, ":1")
        _ = try master.heartbeat(":2", free: 500)
        try master.put("f")
        master.pass(.seconds(20))
        _ = try master.heartbeat(":1", free: 700)
        _ = master.tick(after: .seconds(15))
        let (servers, hasMore) = try master.servers(from: 0, limit: 0)
        #expect(!hasMore && servers.map(\.address.description) == [":1", ":2"])
        #expect(servers.map(\.kind) == [.swift, .unknown])
        #expect(servers.map(\.isAlive) == [true, false])
        #expect(servers.map(\.freeBytes) == [700 << 20, 500 << 20])
        #expect(servers.map { master.wallSeconds - $0.lastHeardAt } == [15, 35])
        #expect(servers.map(\.nodeID) == ["node-1", ""])
        let (page, more) = try master.servers(from: 0, limit: 1)
        #expect(more && page == [servers[0]])
        #expect(try master.servers(from: 1, limit: 1).servers == [servers[1]])
        #expect(try master.servers(from: 9, limit: 1).servers == [])
    }
}

extension MasterHarness {
    mutating func check(
        _ path: String?, after position: CheckCursor? = nil, withChunks: Bool = false
    ) throws -> CheckPage {
        let request = CheckRequest(path: try path.map { try FileName($0) }, after: position, withChunks: withChunks)
        guard case .checked(let page) = try ask({ .checkFiles(request, $0) }).answer.get() else { throw WrongAnswer() }
        return page
    }

    /// All pages, and how many they were.
    fileprivate mutating func checkAll(
        _ path: String?, withChunks: Bool = false
    ) throws -> (files: [FileCheck], pages: Int) {
        var (files, pages, position) = ([FileCheck](), 0, CheckCursor?.none)
        repeat {
            let page = try check(path, after: position, withChunks: withChunks)
            files += page.files
            pages += 1
            position = page.end
        } while position != nil
        return (files, pages)
    }

    fileprivate mutating func servers(from start: Int, limit: Int) throws -> (servers: [ServerStanding], Bool) {
        guard
            case .servers(let servers, let hasMore) = try ask({ .listServers(from: start, limit: limit, $0) })
                .answer.get()
        else { throw WrongAnswer() }
        return (servers, hasMore)
    }

    /// A file of many chunks, all complete where they were handed out.
    fileprivate mutating func putLarge(_ name: String, chunkCount: Int) throws {
        // Room for all of it.
        for server in [":1", ":2", ":3"] { _ = try heartbeat(server, free: 1 << 30) }
        let upload = try create(name).answer.upload()
        var written: [WrittenChunk] = []
        for index in 0..<chunkCount {
            let (id, servers) = try allocate(name, index, upload: upload).answer.allocation()
            let digest = index == chunkCount - 1 ? Digest.short : Digest.full
            written.append(WrittenChunk(id: id, digest: digest, servers: try servers.map { try ServerAddress($0) }))
        }
        #expect(complete(upload, written).answer.code == nil)
    }
}
