import DFSCore
import DFSMetadata
import Foundation
import Testing

@testable import DFSMetadataStore

@Suite struct CheckpointTests {
    /// The log of a master that never rests is brought over while it goes on, and begins at its start again.
    @Test func theLogOfABusyMasterDoesNotGrowForEver() throws {
        let folder = try TemporaryFolder()
        let store = try folder.open()
        let log = URL(filePath: "\(folder.path)/metadata.sqlite-wal")
        var size = 0
        var appendsWithoutGrowth = 0
        var fileCount: UInt64 = 0
        while appendsWithoutGrowth < 20 {
            try #require(fileCount < 2_000_000, "the log has \(size) bytes and still grows")
            var batch: [Mutation] = []
            for _ in 0..<500 {
                fileCount += 1
                let name = "f\(fileCount)"
                batch.append(.begin(try Samples.header(fileCount, name), at: try Samples.place(name)))
            }
            try store.append(batch)
            let newSize = try log.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
            appendsWithoutGrowth = newSize > size ? 0 : appendsWithoutGrowth + 1
            size = newSize
        }
        try store.close()
        let reopened = try folder.open()
        #expect(try reopened.load().files.count == Int(fileCount))
        try reopened.close()
    }
}
