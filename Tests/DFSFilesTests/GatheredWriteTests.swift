import NIOCore
import Testing

@testable import DFSFiles

@Suite struct GatheredWriteTests {
    /// A kernel that takes at most `step` bytes a call.
    @Test(arguments: [1, 2, 3, 5, 7, 100])
    func shortWritesLoseAndRepeatNothing(step: Int) throws {
        var gathered = GatheredWrite(["", "ab", "", "cdefg", "h", ""].map { ByteBuffer(string: $0) })
        var seen: [UInt8] = []
        while !gathered.isEmpty {
            let count = try gathered.withVectors { vectors in
                let bytes = vectors.flatMap { UnsafeRawBufferPointer(start: $0.iov_base, count: $0.iov_len) }
                seen += bytes.prefix(step)
                return min(step, bytes.count)
            }
            gathered.drop(count)
        }
        #expect(String(decoding: seen, as: UTF8.self) == "abcdefgh")
    }

    @Test func nothingToWriteIsEmpty() {
        #expect(GatheredWrite([]).isEmpty)
        #expect(GatheredWrite([ByteBuffer(), ByteBuffer()]).isEmpty)
    }
}
