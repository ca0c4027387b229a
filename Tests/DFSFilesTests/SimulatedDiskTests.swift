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
}
