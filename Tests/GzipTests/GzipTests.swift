import Gzip
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(1))) struct GzipTests {
    private static let long = String(repeating: "all work and no play ", count: 10_000)

    private static func cut(_ buffer: ByteBuffer, every byteCount: Int) -> [ByteBuffer] {
        var rest = buffer
        var pieces: [ByteBuffer] = []
        while rest.readableBytes > 0, let piece = rest.readSlice(length: min(byteCount, rest.readableBytes)) {
            pieces.append(piece)
        }
        return pieces
    }

    @Test func messagesComeBackWhereverTheBytesAreCut() throws {
        let compressor = try GzipCompressor()
        let decompressor = try GzipDecompressor()
        for text in ["", "a", Self.long] {
            let packed = try compressor.compress(Self.cut(ByteBuffer(string: text), every: 1000))
            for byteCount in [1, 7, 100, 100_000] {
                let pieces = Self.cut(packed, every: byteCount)
                let unpacked = try decompressor.decompress(pieces, limit: Self.long.utf8.count)
                #expect(String(buffer: unpacked) == text)
            }
        }
    }

    @Test func severalFilesInARowAreTheirContentsInARow() throws {
        let compressor = try GzipCompressor()
        let parts = try ["one ", "two"].map { try compressor.compress([ByteBuffer(string: $0)]) }
        #expect(String(buffer: try GzipDecompressor().decompress(parts, limit: 7)) == "one two")
    }

    @Test func bombIsStoppedAtTheLimit() throws {
        let zeros = ByteBuffer(repeating: 0, count: 64 << 20)
        let bomb = try GzipCompressor().compress([zeros])
        #expect(bomb.readableBytes < 100_000)
        let error = #expect(throws: GzipError.self) { try GzipDecompressor().decompress([bomb], limit: 4 << 20) }
        #expect(error == .tooLarge(limit: 4 << 20))
        #expect(try GzipDecompressor().decompress([bomb], limit: 64 << 20) == zeros)
    }

    @Test func damagedMessagesAreRefused() throws {
        let whole = try GzipCompressor().compress([ByteBuffer(string: Self.long)])
        var flipped = whole
        flipped.setInteger(UInt8(0xFF) ^ (whole.getInteger(at: 40) ?? 0), at: 40)
        let tail = ByteBuffer(string: "tail")
        let cases: [[ByteBuffer]] = [
            [], [ByteBuffer(string: "this is no gzip file")], [flipped], [whole, tail],
            [whole.getSlice(at: 0, length: whole.readableBytes - 1) ?? ByteBuffer()],
        ]
        for segments in cases {
            let error = #expect(throws: GzipError.self) {
                try GzipDecompressor().decompress(segments, limit: 1 << 20)
            }
            #expect(error == .damaged)
        }
    }
}
