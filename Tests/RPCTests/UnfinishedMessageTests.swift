import NIOCore
import Testing

@testable import RPC

/// Messages that are not whole yet: what a connection may hold of them, and that they become whole.
@Suite(.timeLimit(.minutes(3))) struct UnfinishedMessageTests {
    /// Every call's handler waits for its message, so each window opens as its bytes come.
    @Test func messagesWithoutAnEndAreBoundedTogether() async throws {
        let messageByteCount = 4 << 20
        let block = [UInt8](repeating: 0, count: 128 << 10)
        try await Arena.run(growthMiB: 200) { arena in
            let attacker = try await arena.attacker()
            var window = 65_535
            var hasEnded = false
            for call in 0..<80 where !hasEnded {
                let stream = UInt32(2 * call + 1)
                let prefix = [0, 0, UInt8(messageByteCount >> 16), 0, 0] as [UInt8]
                await attacker.send(.request(stream), .data(stream, prefix))
                window -= prefix.count
                for _ in 0..<31 {
                    while window < block.count {
                        let frame = await attacker.frame { frame in
                            frame.kind == .windowUpdate && frame.stream == 0 || frame.kind == .headers
                        }
                        guard let frame, frame.kind == .windowUpdate else {
                            hasEnded = true
                            break
                        }
                        window += Int(frame.payload.reduce(0) { $0 << 8 | UInt32($1) })
                    }
                    if hasEnded { break }
                    await attacker.send(.data(stream, block))
                    window -= block.count
                }
            }
            #expect(hasEnded, "no call was ended: RESOURCE_EXHAUSTED is the answer where there is no room")
            await attacker.close()
        }
    }

    /// Together they are far above what may grow at once.
    @Test func largeMessagesSideBySideBecomeWhole() async throws {
        let byteCount = 12 << 20
        var server = RPCServer.Configuration()
        server.maxReceiveMessageBytes = 64 << 20
        var client = ClientChannel.Configuration()
        client.maxSendMessageBytes = 64 << 20
        let handler: ServiceRoutes.Handler = { call in
            while let next = try await call.receive() { try await call.send(message("\(next.readableBytes)")) }
        }
        try await Fixture.overTCP(server: server, client: client, handler) { fixture in
            let block = ByteBuffer(repeating: 7, count: byteCount)
            let answers = try await withThrowingTaskGroup(of: String?.self) { tasks in
                for _ in 0..<8 {
                    tasks.addTask {
                        text(try await fixture.channel.unary(Fixture.echo, RPCMessage(block)).message)
                    }
                }
                return try await tasks.reduce(into: []) { $0.append($1) }
            }
            #expect(answers == Array(repeating: "\(byteCount)", count: 8))
        }
    }

    @Test func chargeIsGivenBackOnceToEachWindow() {
        var charge = WindowCharge()
        charge.byteCount += 100
        #expect(charge.settle(held: 10, heldOfStream: 50) == .init(both: 40, connectionAlone: 50))
        charge.byteCount += 20
        #expect(charge.settle(held: 10, heldOfStream: 70) == .init(connectionAlone: 20))
        // The message is whole: its reader has not taken it.
        #expect(charge.settle(held: 80, heldOfStream: 0) == .init())
        #expect(charge.settle(held: 0, heldOfStream: 0) == .init(both: 10, streamAlone: 70))
        #expect(charge.byteCount == 0)
    }
}
