import Testing

@testable import RPC

/// Clients that keep a connection, a header block or an answer open by doing nothing, or nearly nothing.
@Suite(.timeLimit(.minutes(2))) struct SlownessTests {
    private static func configuration(_ change: (inout ConnectionLimits) -> Void) -> RPCServer.Configuration {
        var configuration = RPCServer.Configuration()
        change(&configuration.limits)
        return configuration
    }

    private static let hasty = configuration {
        $0.handshakeTimeout = .milliseconds(200)
        $0.headersTimeout = .milliseconds(200)
        $0.stalledWriteTimeout = .milliseconds(300)
    }

    @Test(arguments: [[], Array(RawFrame.preface.prefix(10)), RawFrame.preface, RawFrame.preface + [0, 0, 6, 4]])
    func connectionThatDoesNotGreetIsClosed(_ bytes: [UInt8]) async throws {
        try await Arena.run(Self.hasty) { arena in
            let attacker = try await Attacker.connect(port: arena.port)
            await attacker.send(bytes: bytes)
            _ = await attacker.end()
        }
    }

    @Test func headersByteByByteAreCutOff() async throws {
        try await Arena.run(Self.hasty) { arena in
            let attacker = try await arena.attacker()
            let headers = RawFrame.request(1, extra: [("x-long", String(repeating: "v", count: 60_000))]).bytes
            #expect(await attacker.flood(headers.count) { [headers[$0]] } != nil)
            #expect(await attacker.end().goAwayCode ?? 11 == 11)
        }
    }

    @Test func headersWithoutTheirEndAreCutOff() async throws {
        try await Arena.run(Self.hasty) { arena in
            let attacker = try await arena.attacker()
            await attacker.send(RawFrame(.headers, stream: 1, payload: RawFrame.requestBlock()))
            #expect(await attacker.end().goAwayCode == 11)
        }
    }

    @Test func messageByteByByteIsAnsweredAndCostsLittle() async throws {
        try await Arena.run(Self.hasty) { arena in
            let attacker = try await arena.attacker()
            await attacker.send(.request(1))
            let content = (0..<4000).map { UInt8(truncatingIfNeeded: $0) }
            for byte in RawFrame.message(content) { await attacker.send(.data(1, [byte])) }
            await attacker.send(.data(1, [], end: true))
            #expect(await attacker.frame { $0.kind == .data && $0.payload.suffix(4) == content.suffix(4) } != nil)
            await attacker.close()
        }
    }

    @Test func readerThatTakesNothingIsCutOff() async throws {
        try await Arena.run(Self.hasty) { arena in
            let attacker = try await arena.attacker(
                settings: .settings([(id: 4, value: 0x7FFF_FFFF)]), reads: false)
            await attacker.send(.windowUpdate(stream: 0, by: 0x7FFF_0000), .request(1, path: Arena.pour.path))
            await arena.oneConnectionCloses()
            await attacker.close()
        }
    }

    @Test func halfOpenConnectionIsFoundOut() async throws {
        let configuration = Self.configuration {
            $0.keepalive = Keepalive(time: .milliseconds(50), timeout: .milliseconds(50), withoutCalls: true)
        }
        try await Arena.run(configuration) { arena in
            // It acknowledges on the level of TCP alone, as a machine behind a broken path does for a while.
            let attacker = try await arena.attacker()
            _ = await attacker.end()
        }
    }
}
