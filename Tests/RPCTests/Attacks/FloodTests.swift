import Testing

@testable import RPC

/// Many frames that cost the sender little: each flood ends with the flooder's connection, and nobody else notices.
@Suite(.timeLimit(.minutes(2))) struct FloodTests {
    private static let internalError: UInt32 = 2
    private static let enhanceYourCalm: UInt32 = 11

    /// Floods until the server cuts the connection. The code is missing where the end overtook the GOAWAY, as TCP lets it.
    private static func expectCutOff(
        _ attacker: Attacker, batches: Int = 20_000, _ bytes: (Int) -> [UInt8]
    ) async -> UInt32? {
        let taken = await attacker.flood(batches, bytes)
        #expect(taken != nil, "the server took the whole flood")
        return await attacker.end().goAwayCode
    }

    /// CVE-2023-44487.
    @Test func rapidResetIsCutOff() async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker()
            let code = await Self.expectCutOff(attacker) { batch in
                (0..<100).flatMap { index in
                    let stream = UInt32(batch * 200 + index * 2 + 1)
                    return RawFrame.request(stream).bytes + RawFrame.resetStream(stream).bytes
                }
            }
            #expect(code == nil || code == Self.internalError || code == Self.enhanceYourCalm)
        }
    }

    /// Resets that the server sends itself, since the frames after the request are wrong (CVE-2025-8671).
    @Test func madeYouResetIsCutOff() async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker()
            let code = await Self.expectCutOff(attacker) { batch in
                (0..<100).flatMap { index in
                    let stream = UInt32(batch * 200 + index * 2 + 1)
                    return RawFrame.request(stream).bytes + RawFrame.windowUpdate(stream: stream, by: 0).bytes
                }
            }
            #expect(code == nil || code != 0)
        }
    }

    /// CVE-2024-28182.
    @Test func continuationFloodIsCutOff() async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker()
            await attacker.send(RawFrame(.headers, stream: 1, payload: RawFrame.requestBlock()))
            let field = RawFrame.literal("x-more", String(repeating: "v", count: 1000))
            _ = await Self.expectCutOff(attacker) { _ in RawFrame(.continuation, stream: 1, payload: field).bytes }
        }
    }

    @Test func emptyContinuationFloodIsCutOff() async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker()
            await attacker.send(RawFrame(.headers, stream: 1, payload: RawFrame.requestBlock()))
            _ = await Self.expectCutOff(attacker) { _ in RawFrame(.continuation, stream: 1).bytes }
        }
    }

    /// CVE-2019-9515 (SETTINGS), 9512 (PING), 9513 (PRIORITY), 9518 (empty frames), 9514 (WINDOW_UPDATE is its like).
    @Test(arguments: [
        RawFrame.settings, .ping(), .priority(3, on: 5), .data(1, []), .windowUpdate(stream: 0, by: 1),
        .windowUpdate(stream: 1, by: 1),
        // Answers to nothing.
        RawFrame(.ping, flags: RawFrame.acknowledged, stream: 0, payload: [UInt8](repeating: 1, count: 8)),
        RawFrame(.goAway, stream: 0, payload: [UInt8](repeating: 0, count: 8)),
    ])
    func controlFrameFloodIsCutOff(frame: RawFrame) async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker()
            await attacker.send(.request(1))
            let batch = [[UInt8]](repeating: frame.bytes, count: 500).flatMap(\.self)
            let code = await Self.expectCutOff(attacker, batches: 2000) { _ in batch }
            #expect(code == nil || code == Self.enhanceYourCalm)
        }
    }

    /// The acknowledgements have nowhere to go, and must not pile up here.
    @Test(arguments: [RawFrame.settings, .ping()]) func controlFloodThatReadsNothingIsCutOff(frame: RawFrame)
        async throws
    {
        try await Arena.run { arena in
            let attacker = try await arena.attacker(reads: false)
            let batch = [[UInt8]](repeating: frame.bytes, count: 500).flatMap(\.self)
            let taken = await attacker.flood(2000) { _ in batch }
            #expect(taken != nil)
            await attacker.close()
        }
    }

    /// Frames of kinds that nobody knows are to be ignored (RFC 9113 §5.5); they cost no more than their bytes.
    @Test func unknownFramesAreIgnored() async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker()
            let batch = (0..<100).flatMap { RawFrame(type: UInt8(0x20 + $0), stream: 0, payload: [1, 2, 3]).bytes }
            #expect(await attacker.flood(200) { _ in batch } == nil)
            await attacker.send(.request(1), .data(1, RawFrame.message([1]), end: true))
            #expect(await attacker.frame { $0.kind == .data && $0.payload.last == 1 } != nil)
            await attacker.close()
        }
    }
}
