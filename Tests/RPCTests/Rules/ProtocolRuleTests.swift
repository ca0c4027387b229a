import Testing

@testable import RPC

/// What RFC 9113 asks of a server, rule by rule. Most is nghttp2's doing; that our use of it lets it happen is tested here.
@Suite(.timeLimit(.minutes(1))) struct ProtocolRuleTests {
    @Test(arguments: ProtocolRule.framing) func framesAreRuled(rule: ProtocolRule) async throws {
        try await check(rule)
    }

    @Test(arguments: ProtocolRule.settingsAndWindows)
    func settingsAndWindowsAreRuled(rule: ProtocolRule) async throws { try await check(rule) }

    @Test(arguments: ProtocolRule.requests) func requestsAreRuled(rule: ProtocolRule) async throws {
        try await check(rule)
    }

    @Test(arguments: ProtocolRule.streams) func streamsAreRuled(rule: ProtocolRule) async throws {
        try await check(rule)
    }

    @Test(arguments: ProtocolRule.compression) func headerCompressionIsRuled(rule: ProtocolRule) async throws {
        try await check(rule)
    }

    @Test(arguments: ProtocolRule.legal) func whatIsLegalIsServed(rule: ProtocolRule) async throws {
        try await check(rule)
    }

    /// RFC 9113 §3.4: SETTINGS follow the preface.
    @Test func settingsComeFirst() async throws {
        try await Arena.run { arena in
            let attacker = try await Attacker.connect(port: arena.port)
            await attacker.send(bytes: RawFrame.preface + RawFrame.ping().bytes)
            #expect(await attacker.end().goAwayCode == ProtocolRule.Code.protocolError.rawValue)
        }
    }

    /// RFC 9113 §6.8: what is under way when a client says GOAWAY, with whatever code, is finished; then the connection ends.
    @Test func callsAreFinishedAfterGoAway() async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker()
            let unknown = RawFrame.number(0) + RawFrame.number(0xFF)
            await attacker.send(.request(1), RawFrame(.goAway, stream: 0, payload: unknown))
            await attacker.send(ProtocolRule.paddedMessage)
            #expect(await attacker.frame { $0.kind == .data }?.payload == ProtocolRule.message)
            let code = await attacker.end().goAwayCode
            #expect(code == nil || code == 0)
            await attacker.close()
        }
    }

    /// RFC 9113 §6.5.3: of several values for one setting the last one holds.
    @Test func theLastValueOfASettingHolds() async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker(settings: .settings([(id: 4, value: 100), (id: 4, value: 1)]))
            await attacker.send(.request(1), .data(1, ProtocolRule.message, end: true))
            #expect(await attacker.frame { $0.kind == .data }?.payload.count == 1)
            await attacker.close()
        }
    }

    /// RFC 9113 §6.5.3: SETTINGS are acknowledged.
    @Test func settingsAreAcknowledged() async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker(acknowledges: false)
            #expect(
                await attacker.frame { $0.kind == .settings && $0.flags == RawFrame.acknowledged }?.payload.isEmpty
                    == true)
            await attacker.close()
        }
    }

    /// RFC 9113 §6.9.2: a smaller initial window takes from the windows of open streams, also below zero; then nothing is
    /// sent until updates have made up for it.
    @Test func windowsBelowZeroAreMadeUpForFirst() async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker(settings: .settings([(id: 4, value: 3)]))
            await attacker.send(.request(1), .data(1, ProtocolRule.message, end: true))
            #expect(await attacker.frame { $0.kind == .data }?.payload.count == 3)
            await attacker.send(.settings([(id: 4, value: 2)]), .windowUpdate(stream: 1, by: 2))
            #expect(await attacker.frame { $0.kind == .data }?.payload.count == 1)
            await attacker.close()
        }
    }

    /// RFC 9113 §3.4: without the preface there is no HTTP/2.
    @Test func prefaceIsRequired() async throws {
        try await Arena.run { arena in
            let attacker = try await Attacker.connect(port: arena.port)
            await attacker.send(bytes: Array("GET / HTTP/1.1\r\nhost: x\r\n\r\n".utf8))
            _ = await attacker.end()
            await attacker.close()
        }
    }

    private func check(_ rule: ProtocolRule) async throws {
        try await Arena.run { arena in
            let attacker = try await arena.attacker()
            await attacker.send(bytes: rule.bytes)
            switch rule.answer {
            case .connectionError(let code):
                #expect(await attacker.end().goAwayCode == code.rawValue)
            case .streamError(let code):
                #expect(await attacker.resetCode(of: 1) == code.rawValue)
                await Self.expectAlive(attacker)
            case .eitherError(let code):
                let frame = await attacker.frame { $0.kind == .goAway || $0.kind == .resetStream }
                // Behind the last stream's number in a GOAWAY, else at the start.
                let bytes = frame.map { $0.kind == .goAway ? $0.payload[4..<8] : $0.payload[0..<4] }
                #expect(bytes?.reduce(0) { $0 << 8 | UInt32($1) } == code.rawValue)
            case .ignored:
                await Self.expectAlive(attacker)
            case .served:
                let frame = await attacker.frame { $0.stream == 1 && $0.kind != .headers && $0.kind != .windowUpdate }
                #expect(frame?.kind == .data && frame?.payload == ProtocolRule.message)
                await Self.expectAlive(attacker)
            }
            await attacker.close()
        }
    }

    /// The connection still answers, and serves requests.
    private static func expectAlive(_ attacker: Attacker) async {
        await attacker.send(.ping(0x55), .request(101, path: "/none", end: true))
        #expect(await attacker.frame { $0.kind == .ping && $0.payload.first == 0x55 } != nil)
        #expect(await attacker.frame { $0.kind == .headers && $0.stream == 101 } != nil)
    }
}
