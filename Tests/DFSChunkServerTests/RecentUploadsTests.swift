import DFSCore
import Testing

@testable import DFSChunkServer

@Suite struct RecentUploadsTests {
    private let limit = Duration.seconds(8)

    private func id(_ number: Int) throws -> ChunkID { try ChunkID("f_\(number)") }
    private func at(_ seconds: Int) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: UInt64(seconds) * 1_000_000_000)
    }

    @Test func anUploadIsKnownForItsTime() throws {
        for start in 0..<20 {
            var uploads = RecentUploads()
            for second in 0..<start { uploads.note(try id(second), at: at(second), keepingFor: limit) }
            uploads.note(try id(1000), at: at(start), keepingFor: limit)
            for second in start..<start + 8 {
                uploads.note(try id(second), at: at(second), keepingFor: limit)
                #expect(try uploads[id(1000)] == at(start))
            }
        }
    }

    @Test func oldOnesAreForgotten() throws {
        var uploads = RecentUploads()
        for second in 0..<100 {
            uploads.note(try id(second), at: at(second), keepingFor: limit)
            if second >= 16 { #expect(try uploads[id(second - 16)] == nil) }
        }
    }

    @Test func theLastUploadCounts() throws {
        var uploads = RecentUploads()
        uploads.note(try id(1), at: at(1), keepingFor: limit)
        uploads.note(try id(1), at: at(9), keepingFor: limit)
        #expect(try uploads[id(1)] == at(9))
    }
}
