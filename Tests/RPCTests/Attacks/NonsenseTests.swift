import Testing

@testable import RPC

/// Bytes that mean nothing, and frames where they do not belong (RFC 9113 §5.1).
@Suite(.timeLimit(.minutes(2))) struct NonsenseTests {
    /// What has happened on stream 1 before the frame comes.
    enum StreamState: CaseIterable {
        case idle, headersOpen, open, halfClosed, closed, reset

        var frames: [RawFrame] {
            switch self {
            case .idle: []
            case .headersOpen: [RawFrame(.headers, stream: 1, payload: RawFrame.requestBlock())]
            case .open: [.request(1, path: Arena.deaf.path)]
            case .halfClosed: [.request(1, path: Arena.deaf.path, end: true)]
            case .closed: [.request(1, path: "/none", end: true)]
            case .reset: [.request(1, path: Arena.deaf.path), .resetStream(1)]
            }
        }
    }

    /// Payloads of every length that some kind of frame has, and of lengths that none has.
    private static let payloads = [0, 1, 4, 5, 6, 8, 9, 40].map { [UInt8](repeating: 0, count: $0) }

    @Test(arguments: StreamState.allCases) func everyFrameInEveryStateIsTakenOrEndsTheConnection(state: StreamState)
        async throws
    {
        try await Arena.run { arena in
            for type in UInt8(0)...11 {
                for (payload, flags) in Self.payloads.flatMap({ payload in [0, 1, 0x2D].map { (payload, UInt8($0)) } })
                {
                    let attacker = try await arena.attacker()
                    await attacker.send(bytes: state.frames.flatMap(\.bytes))
                    for stream: UInt32 in [1, 0, 2] {
                        await attacker.send(RawFrame(type: type, flags: flags, stream: stream, payload: payload))
                    }
                    await attacker.send(.ping(0x55))
                    // Either it still answers or the connection has ended: a frame that hangs it fails by the time limit.
                    _ = await attacker.frame { $0.kind == .ping && $0.payload.first == 0x55 || $0.kind == .goAway }
                    await attacker.close()
                }
            }
        }
    }

    /// A frame of a stream that never was is an error of the connection.
    @Test(arguments: [RawFrame.data(1, [1]), .resetStream(1), .windowUpdate(stream: 1, by: 1)])
    func frameOfAnIdleStreamIsAConnectionError(frame: RawFrame) async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker()
            await attacker.send(frame)
            #expect(await attacker.end().goAwayCode == 1)
        }
    }

    /// A reader that waits for a damaged message is woken once; twice was memory corruption.
    @Test func damagedCompressedMessageFailsItsCallAndNothingElse() async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker()
            for call in 0..<20 {
                let stream = UInt32(2 * call + 1)
                await attacker.send(.request(stream, extra: [("grpc-encoding", "gzip")]), .ping())
                // Handlers run in turns of the same loop: by now this one waits.
                _ = await attacker.frame { $0.kind == .ping }
                await attacker.send(.data(stream, RawFrame.message([1, 2, 3], flag: 1)))
                let trailers = await attacker.frame { $0.kind == .headers && $0.stream == stream }
                #expect(trailers.map { $0.flags & RawFrame.endStream } == RawFrame.endStream)
            }
            await attacker.close()
        }
    }

    @Test(arguments: [[], RawFrame.preface, RawFrame.preface + RawFrame.settings.bytes])
    func randomBytesEndTheConnection(after greeting: [UInt8]) async throws {
        var configuration = RPCServer.Configuration()
        // Random bytes may begin a frame whose end never comes.
        configuration.limits.handshakeTimeout = .milliseconds(100)
        configuration.limits.headersTimeout = .milliseconds(100)
        try await Arena.run(configuration) { arena in
            var random = SplitMix(state: 7)
            for _ in 0..<100 {
                let attacker = try await Attacker.connect(port: arena.port)
                let bytes = (0..<2000).map { _ in UInt8.random(in: .min ... .max, using: &random) }
                await attacker.send(bytes: greeting + bytes)
                await attacker.close()
                await arena.oneConnectionCloses()
            }
        }
    }
}

/// The same numbers in every run.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
