import DFSCore
import Foundation
import NIOCore
import Testing

@testable import DFSFiles

/// A folder of its own, removed at the end.
private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "dfs-files-" + UUID().uuidString
    try PosixFileSystem().makeFolder(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
}

private func code(_ body: () throws -> Void) -> DFSError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? DFSError)?.code
    }
}

@Suite struct PosixFileSystemTests {
    let files = PosixFileSystem()

    @Test func writtenSegmentsReadBackInOrderAtTheirOffset() throws {
        try withFolder { folder in
            let file = try files.open("\(folder)/a", .creating)
            try file.write(["", "hello", "", ", ", "world"].map { ByteBuffer(string: $0) }, at: 3)
            try file.sync()
            #expect(try file.size() == 15)
            #expect(try String(buffer: file.read(upTo: 100, at: 3)) == "hello, world")
            #expect(try String(buffer: files.open("\(folder)/a", .reading).read(upTo: 5, at: 10)) == "world")
            #expect(try file.read(upTo: 10, at: 15).readableBytes == 0)
        }
    }

    @Test func aFolderWhoseNameBeginsWithAMarkLiesInItsOwn() throws {
        try withFolder { folder in
            try files.makeFolder("\(folder)/x/\u{301}/y/")
            #expect(try files.names(inFolder: "\(folder)/x").map { Array($0.utf8) } == [Array("\u{301}".utf8)])
            #expect(try files.names(inFolder: "\(folder)/x/\u{301}") == ["y"])
        }
    }

    @Test func moreSegmentsThanOneCallTakesAreAllWritten() throws {
        try withFolder { folder in
            let file = try files.open("\(folder)/a", .creating)
            let segments = (0..<3000).map { ByteBuffer(repeating: UInt8($0 % 251), count: 7) }
            try file.write(segments, at: 0)
            let back = try file.read(upTo: 30_000, at: 0)
            #expect(Array(back.readableBytesView) == segments.flatMap { Array($0.readableBytesView) })
        }
    }

    /// On a real disk where there is one: tmpfs knows no such writes and must take the blocks all the same.
    @Test(arguments: ["/var/tmp", "/dev/shm"], [4096, BlockBuffer.capacity, BlockBuffer.capacity + 4096 + 17])
    func blocksReadBackWhateverTheirLength(parent: String, byteCount: Int) throws {
        let folder = "\(parent)/dfs-files-\(UUID().uuidString)"
        try files.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = try files.open("\(folder)/a", .creating)
        let isDirect = file.beginDirectWrites()
        #expect(!isDirect || parent != "/dev/shm")
        #expect(try file.setAside(Int64(byteCount)))
        #expect(try file.size() == 0)
        let bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 / 4096) }
        var rest = ByteBuffer(bytes: bytes)
        let block = BlockBuffer()
        while rest.readableBytes > 0 {
            let start = rest.readerIndex
            block.clear()
            block.take(from: &rest)
            #expect(block.count == min(BlockBuffer.capacity, byteCount - start))
            try file.write(block, at: Int64(start))
        }
        try file.sync()
        #expect(try file.size() == Int64(byteCount))
        let back = try files.open("\(folder)/a", .reading).read(upTo: byteCount + 1, at: 0)
        #expect(Array(back.readableBytesView) == bytes)
    }

    @Test func errorsSayWhatToDo() throws {
        try withFolder { folder in
            #expect(code { _ = try files.open("\(folder)/none", .reading) } == .notFound)
            #expect(code { _ = try files.open(folder, .reading) } == .invalidArgument)
            _ = try files.open("\(folder)/a", .creating)
            #expect(code { _ = try files.open("\(folder)/a", .creating) } == .alreadyExists)
            #expect(code { try files.makeFolder("\(folder)/a/b") } == .invalidArgument)
            #expect(code { try files.makeFolder("\(folder)/a") } == .invalidArgument)
            #expect(code { _ = try files.open("/dev/full", .reading) } == .invalidArgument)
        }
    }

    @Test func renameReplacesOnlyWhenAsked() throws {
        try withFolder { folder in
            try files.replaceSmallFile("a", in: folder, by: "A")
            try files.replaceSmallFile("b", in: folder, by: "B")
            #expect(code { try files.rename("\(folder)/a", to: "\(folder)/b", replacing: false) } == .alreadyExists)
            #expect(try files.readSmallFile("\(folder)/b") == "B")
            try files.rename("\(folder)/a", to: "\(folder)/b", replacing: true)
            #expect(try files.readSmallFile("\(folder)/b") == "A")
            try files.rename("\(folder)/b", to: "\(folder)/c", replacing: false)
            #expect(try files.names(inFolder: folder) == ["c"])
        }
    }

    @Test func lockHasOneHolderAtATime() throws {
        try withFolder { folder in
            var lock = try files.lock("\(folder)/lock")
            #expect(lock != nil)
            #expect(try files.lock("\(folder)/lock") == nil)
            lock = nil
            #expect(try files.lock("\(folder)/lock") != nil)
        }
    }

    /// The former holder gave the file its last name, and let go, after the file was opened.
    @Test func lockIsOfTheFileThatHasTheNameNow() throws {
        try withFolder { folder in
            let (path, finished) = ("\(folder)/partial", "\(folder)/finished")
            var former = try files.lock(path)
            let lock = try files.lock(path) {
                guard former != nil else { return }
                try? files.rename(path, to: finished, replacing: true)
                former = nil
            }
            #expect(lock != nil)
            #expect(try files.lock(path) == nil)
            #expect(try files.lock(finished) != nil)
            withExtendedLifetime(lock) {}
        }
    }

    @Test func lockIsNotTriedForEverWhereTheNameIsTakenAgainAndAgain() throws {
        try withFolder { folder in
            var count = 0
            let lock = try files.lock("\(folder)/partial") {
                count += 1
                try? files.rename("\(folder)/partial", to: "\(folder)/finished", replacing: true)
            }
            #expect(lock == nil && count == 10)
        }
    }

    @Test func attributesStayWithTheFile() throws {
        try withFolder { folder in
            let file = try files.open("\(folder)/a", .creating)
            #expect(try file.attribute("user.dfs.test") == nil)
            // Where the file system has no attributes there is nothing more to see.
            guard try file.setAttribute("user.dfs.test", to: "1 2 3") else { return }
            try files.rename("\(folder)/a", to: "\(folder)/b", replacing: false)
            #expect(try files.open("\(folder)/b", .reading).attribute("user.dfs.test") == "1 2 3")
        }
    }

    @Test func removingNothingIsNoError() throws {
        try withFolder { folder in
            #expect(try files.remove("\(folder)/none") == false)
            _ = try files.open("\(folder)/a", .creating)
            #expect(try files.remove("\(folder)/a"))
            #expect(try files.status(of: "\(folder)/a") == nil)
            #expect(try files.status(of: folder)?.kind == .folder)
        }
    }
}
