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

    @Test(arguments: ProtocolRule.order + ProtocolRule.compression)
    func orderAndCompressionAreRuled(rule: ProtocolRule) async throws { try await check(rule) }

    @Test(arguments: ProtocolRule.ignored) func whatIsToBePassedOverIs(rule: ProtocolRule) async throws {
        try await check(rule)
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
