import Gzip
import NIOCore
import Testing

@testable import RPC

/// Too much of something: headers, messages, streams, connections.
@Suite(.timeLimit(.minutes(2))) struct SizeTests {
    private static let resourceExhausted = "8"

    /// The trailers of stream 1 have come: HEADERS with END_STREAM.
    private static func isAnswered(_ frame: RawFrame) -> Bool {
        frame.kind == .headers && frame.flags & RawFrame.endStream != 0 && frame.stream == 1
    }

    @Test func largeHeadersAreRefusedAndTheConnectionLivesOn() async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker()
            let value = String(repeating: "v", count: 1000)
            await attacker.send(.request(1, extra: (0..<100).map { ("x-\($0)", value) }))
            #expect(await attacker.frame(where: Self.isAnswered) != nil)
            await attacker.send(.request(3), .data(3, RawFrame.message([9]), end: true))
            #expect(await attacker.frame { $0.kind == .data && $0.stream == 3 } != nil)
            await attacker.close()
        }
    }

    /// One large field in the dynamic table, then thousands of one-byte references to it (CVE-2016-6581).
    @Test func headerBombIsRefused() async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker()
            let bomb = RawFrame.literal("x-bomb", String(repeating: "v", count: 3900), first: 0x40)
            for call in 0..<50 {
                let stream = UInt32(2 * call + 1)
                // 62 is the newest entry of the dynamic table (RFC 7541 §2.3.3).
                let block = RawFrame.requestBlock() + bomb + [UInt8](repeating: 0x80 | 62, count: 12_000)
                let frame = RawFrame(
                    .headers, flags: RawFrame.endHeaders | RawFrame.endStream, stream: stream, payload: block)
                guard await attacker.send(frame) else { break }
            }
            let answer = await attacker.frame { Self.isAnswered($0) || $0.kind == .goAway || $0.kind == .resetStream }
            #expect(answer != nil)
            await attacker.close()
        }
    }

    /// Broken compression is an error of the connection, since its state is lost (RFC 9113 §4.3).
    @Test(arguments: [
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0x80], [0x40, 0xFF, 0x80], [0x3F, 0xFF, 0xFF, 0xFF, 0x7F],
    ])
    func brokenHeaderCompressionIsAConnectionError(_ block: [UInt8]) async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker()
            await attacker.send(RawFrame(.headers, flags: 5, stream: 1, payload: block))
            #expect(await attacker.end().goAwayCode == 9)
        }
    }

    @Test func oversizedMessageIsRefusedByItsPrefix() async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker()
            await attacker.send(.request(1), .data(1, [0, 0xFF, 0xFF, 0xFF, 0xFF]))
            #expect(await attacker.frame(where: Self.isAnswered) != nil)
            await attacker.close()
        }
    }

    /// The window is all that a handler which does not read lets in.
    @Test func neverEndingMessageIsBoundedByTheWindow() async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker()
            await attacker.send(.request(1, path: Arena.deaf.path), .data(1, [0, 0, 0x40, 0, 0]))
            let block = RawFrame.data(1, [UInt8](repeating: 0, count: 16 << 10)).bytes
            for _ in 0..<300 { await attacker.send(bytes: block) }
            #expect(await attacker.resetCode(of: 1) == 3)
            await attacker.close()
        }
    }

    @Test func emptyMessagesThatNobodyReadsCostLittle() async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker()
            for stream: UInt32 in [1, 3, 5] {
                await attacker.send(.request(stream, path: Arena.deaf.path))
                let block = RawFrame.data(stream, [UInt8](repeating: 0, count: 15_000)).bytes
                for _ in 0..<(4 << 20) / 15_000 { await attacker.send(bytes: block) }
            }
            await attacker.send(.ping())
            _ = await attacker.frame { $0.kind == .ping && $0.flags == RawFrame.acknowledged }
            await attacker.close()
        }
    }

    /// A little data that nobody reads between much that somebody does: it must not keep the buffers alive that both came
    /// in.
    @Test func smallPiecesDoNotPinLargeBuffers() async throws {
        try await Arena.run(growthMiB: 96) { arena in
            let attacker = try await arena.attacker()
            await attacker.send(.request(1, path: Arena.deaf.path), .request(3, path: "/none"))
            let piece = RawFrame.data(1, RawFrame.message([UInt8](repeating: 1, count: 4200))).bytes
            let filler = RawFrame(type: 0x77, stream: 0, payload: [UInt8](repeating: 2, count: 500_000)).bytes
            for _ in 0..<400 { await attacker.send(bytes: piece + filler) }
            await attacker.send(.ping())
            _ = await attacker.frame { $0.kind == .ping && $0.flags == RawFrame.acknowledged }
            await attacker.close()
        }
    }

    @Test func compressedBombIsRefused() async throws {
        try await Arena.run { arena in
            let bomb = try GzipCompressor().compress([ByteBuffer(repeating: 0, count: 64 << 20)])
            let attacker = try await arena.attacker()
            await attacker.send(.request(1, extra: [("grpc-encoding", "gzip")]))
            let framed = RawFrame.message(Array(bomb.readableBytesView), flag: 1)
            await attacker.send(.data(1, Array(framed), end: true))
            #expect(await attacker.frame(where: Self.isAnswered) != nil)
            await attacker.close()
        }
    }

    @Test func moreStreamsThanAllowedAreRefused() async throws {
        var configuration = RPCServer.Configuration()
        configuration.http2.maxConcurrentStreams = 10
        try await Arena.run(configuration) { arena in
            let attacker = try await arena.attacker(acknowledges: false)
            // Before the server's SETTINGS are acknowledged it is a race, and refused; after that it is an error.
            for call in 0..<11 { await attacker.send(.request(UInt32(2 * call + 1), path: Arena.deaf.path)) }
            #expect(await attacker.resetCode(of: 21) == 7)
            await attacker.send(.settingsAcknowledged, .request(23, path: Arena.deaf.path))
            #expect(await attacker.end().goAwayCode == 1)
        }
    }

    @Test func moreConnectionsThanAllowedAreClosed() async throws {
        var configuration = RPCServer.Configuration()
        configuration.maxConnections = 4
        try await Arena.run(configuration) { arena in
            var inside: [Attacker] = []
            for _ in 0..<3 {
                let attacker = try await arena.attacker()
                #expect(await attacker.frame { $0.kind == .settings } != nil)
                inside.append(attacker)
            }
            for _ in 0..<50 {
                let outside = try await arena.attacker()
                _ = await outside.end()
            }
            for attacker in inside {
                await attacker.send(.ping())
                #expect(await attacker.frame { $0.kind == .ping } != nil)
                await attacker.close()
            }
        }
    }
}
