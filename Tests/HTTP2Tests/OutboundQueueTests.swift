import NIOCore
import Testing

@testable import HTTP2

@Suite struct OutboundQueueTests {
    /// Frames may end anywhere, in the head of a piece, too.
    @Test func everyCutGivesTheSameBytes() {
        let bodies = ["", "abc", String(repeating: "x", count: 3000), "d"]
        for cut in [1, 2, 4, 5, 6, 7, 9, 500, 2999, 5000] {
            var queue = OutboundQueue()
            for body in bodies { queue.append(ShortBytes(1, UInt32(body.utf8.count)), ByteBuffer(string: body)) }
            queue.append(.none, ByteBuffer(string: "end"))
            var expected: [UInt8] = []
            for body in bodies {
                expected += [1, 0, 0, UInt8(body.utf8.count >> 8), UInt8(body.utf8.count & 0xFF)] + body.utf8
            }
            expected += "end".utf8
            #expect(queue.byteCount == expected.count)
            var output = OutputBuffers()
            while queue.byteCount > 0 { queue.move(min(cut, queue.byteCount), to: &output) }
            #expect(output.byteCount == expected.count)
            #expect(output.take().flatMap { Array($0.readableBytesView) } == expected, "cut at \(cut)")
            #expect(output.byteCount == 0 && output.take().isEmpty)
        }
    }
}
