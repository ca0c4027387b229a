import NIOCore
import Testing

@testable import RPC

@Suite(.timeLimit(.minutes(1))) struct CompressionTests {
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
        let error = #expect(throws: RPCError.self) { try GzipDecompressor().decompress([bomb], limit: 4 << 20) }
        #expect(error?.code == .resourceExhausted)
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
            let error = #expect(throws: RPCError.self) {
                try GzipDecompressor().decompress(segments, limit: 1 << 20)
            }
            #expect(error?.code == .internalError)
        }
    }

    @Test func eachMessageSaysWhetherItIsCompressed() async throws {
        let handler: ServiceRoutes.Handler = { call in
            call.responseCompression = .gzip
            while let message = try await call.receive() {
                try await call.send(message, compressed: !message.wasCompressed)
            }
        }
        try await Fixture.overTCP(handler) { fixture in
            try await fixture.channel.withCall(Fixture.echo, CallOptions(compression: .gzip)) { call in
                for isCompressed in [true, false, true] {
                    try await call.send(message(Self.long), compressed: isCompressed)
                    let answer = try #require(try await call.receive())
                    #expect(text(answer) == Self.long)
                    #expect(answer.wasCompressed != isCompressed)
                }
            }
        }
    }

    @Test func compressedMessageAboveTheLimitEndsTheCallOnly() async throws {
        var configuration = RPCServer.Configuration()
        configuration.maxReceiveMessageBytes = 1000
        try await Fixture.overTCP(server: configuration, echoHandler) { fixture in
            let options = CallOptions(compression: .gzip)
            let error = await #expect(throws: RPCError.self) {
                try await fixture.channel.unary(Fixture.echo, message(Self.long), options)
            }
            #expect(error?.code == .resourceExhausted)
            let response = try await fixture.channel.unary(Fixture.echo, message("still here"), options)
            #expect(text(response.message) == "still here")
        }
    }

    @Test(arguments: [("gzip", true), ("deflate, gzip", true), ("gzipped", false), ("", false)])
    func listOfTheOtherSideIsHeeded(_ list: String, _ isIn: Bool) {
        #expect(Array(list.utf8).withUnsafeBytes { MessageCompression.isGzip(in: $0) } == isIn)
    }
}
