import Testing

@testable import RPC

/// Flow control turned against the server (RFC 9113 §5.2).
@Suite(.timeLimit(.minutes(2))) struct WindowTests {
    private static let flowControlError: UInt32 = 3
    private static let zeroWindow = RawFrame.settings([(id: 4, value: 0)])

    /// Each call's handler fills its queue and waits; what is queued for the connection is bounded, too.
    @Test func answersThatNeverDrainAreBounded() async throws {
        var configuration = RPCServer.Configuration()
        configuration.limits.maxQueuedByteCount = 16 << 20
        try await Arena.run(growthMiB: 80, configuration) { arena in
            let attacker = try await arena.attacker(settings: Self.zeroWindow)
            for call in 0..<900 { await attacker.send(.request(UInt32(2 * call + 1), path: Arena.pour.path)) }
            await attacker.send(.ping())
            _ = await attacker.frame { $0.kind == .ping && $0.flags == RawFrame.acknowledged }
            await attacker.close()
        }
    }

    @Test func stalledAnswersAreCutOff() async throws {
        var configuration = RPCServer.Configuration()
        configuration.limits.stalledAnswerTimeout = .milliseconds(200)
        try await Arena.run(configuration) { arena in
            let attacker = try await arena.attacker(settings: Self.zeroWindow)
            await attacker.send(.request(1, path: Arena.pour.path))
            #expect(await attacker.end().goAwayCode == 11)
        }
    }

    @Test func connectionWindowOverflowIsAConnectionError() async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker()
            await attacker.send(.windowUpdate(stream: 0, by: 0x7FFF_FFFF), .windowUpdate(stream: 0, by: 0x7FFF_FFFF))
            #expect(await attacker.end().goAwayCode == Self.flowControlError)
        }
    }

    @Test func streamWindowOverflowIsAStreamError() async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker()
            await attacker.send(.request(1, path: Arena.deaf.path), .windowUpdate(stream: 1, by: 0x7FFF_FFFF))
            await attacker.send(.windowUpdate(stream: 1, by: 0x7FFF_FFFF))
            #expect(await attacker.resetCode(of: 1) == Self.flowControlError)
            await attacker.close()
        }
    }

    /// A SETTINGS that makes a stream's window overflow (RFC 9113 §6.9.2). nghttp2 ends the stream, not the connection.
    @Test func settingsThatOverflowAWindowEndTheStream() async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker()
            await attacker.send(.request(1, path: Arena.deaf.path), .windowUpdate(stream: 1, by: 0x7FFF_0000))
            await attacker.send(.settings([(id: 4, value: 0x7FFF_FFFF)]))
            #expect(await attacker.resetCode(of: 1) == Self.flowControlError)
            await attacker.close()
        }
    }

    @Test func dataBeyondTheWindowIsCutOff() async throws {
        var configuration = RPCServer.Configuration()
        configuration.http2.streamWindow = 64 << 10
        configuration.http2.connectionWindow = 128 << 10
        try await Arena.run(configuration) { arena in
            let attacker = try await arena.attacker()
            await attacker.send(.request(1, path: Arena.deaf.path))
            // Beyond the stream's window, within the connection's: that would end the connection, and with it perhaps the
            // frame that is looked for.
            let block = RawFrame.data(1, [UInt8](repeating: 0, count: 16 << 10)).bytes
            #expect(await attacker.flood(6) { _ in block } == nil)
            #expect(await attacker.resetCode(of: 1) == Self.flowControlError)
            await attacker.close()
        }
    }

    /// One byte of window at a time: an answer takes as many frames as bytes, and the others do not wait for them.
    @Test func tinyWindowUpdatesAreAnsweredOrCutOff() async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker(settings: Self.zeroWindow)
            await attacker.send(.request(1, path: Arena.pour.path))
            let update = RawFrame.windowUpdate(stream: 1, by: 1).bytes
            _ = await attacker.flood(20_000) { _ in update }
            await attacker.close()
        }
    }
}
