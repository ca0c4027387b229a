import DFSCore
import DFSFiles
import DFSSimulation
import NIOCore
import Testing

/// The disk that other tests and the simulation rest on.
@Suite struct SimulatedDiskTests {
    @Test func aDiskThatIsFullForATimeIsReadAndNotWritten() throws {
        let (disk, bytes) = (SimulatedDisk(), ByteBuffer(bytes: [1, 2, 3]))
        let file = try disk.open("kept", .creating)
        try file.write([bytes], at: 0)
        disk.strike(.full(calls: 4), atCall: 1)
        var found = ByteBuffer()
        #expect(try file.read(upTo: 3, at: 0, into: &found) == 3)
        #expect(throws: DFSError.self) { try disk.open("more", .creating) }
        #expect(throws: DFSError.self) { try file.write([bytes], at: 0) }
        #expect(try disk.freeBytes(at: "") == 0)
        try file.write([bytes], at: 3)
        #expect(disk.contents(of: "kept") == [1, 2, 3, 1, 2, 3])
    }

    /// As ext4 and XFS do it: the pages of a write that failed count as written, and the next sync succeeds.
    @Test func whatAFailedSyncLeavesInThePageCacheIsNotOnTheDisk() throws {
        let disk = SimulatedDisk()
        let file = try disk.open("kept", .creating)
        try file.write([ByteBuffer(bytes: [1, 2])], at: 0)
        try file.sync()
        try disk.syncFolder("")
        try file.write([ByteBuffer(bytes: [3, 4])], at: 2)
        disk.strike(.failOnce, atCall: 1)
        #expect(throws: DFSError.self) { try file.syncData() }
        #expect(disk.calmDown())
        try file.write([ByteBuffer(bytes: [5])], at: 4)
        file.forgetCached()
        #expect(disk.contents(of: "kept") == [1, 2, 3, 4, 5], "some of it is yet to be written")
        try file.sync()
        #expect(disk.contents(of: "kept") == [1, 2, 3, 4, 5])
        file.forgetCached()
        #expect(disk.contents(of: "kept") == [1, 2, 0, 0, 5])
        disk.restart()
        #expect(disk.contents(of: "kept") == [1, 2, 0, 0, 5])
    }
}
