import NIOCore
import Synchronization
import Testing

@testable import RPC

@Suite struct CallTests {
    @Test func unaryCallIsAnswered() async throws {
        try await Fixture.overTCP(echoHandler) { fixture in
            for index in 0..<50 {
                let response = try await fixture.channel.unary(Fixture.echo, message("hello \(index)"))
                #expect(text(response.message) == "hello \(index)")
            }
        }
    }

    @Test(arguments: [1, 2, 3, 7, 9, 64, 1000])
    func everyCutOfTheBytesMeansTheSame(_ pieceByteCount: Int) async throws {
        try await Fixture.inMemory(pieceByteCount: pieceByteCount, echoHandler) { fixture in
            let long = String(repeating: "0123456789", count: 300)
            try await fixture.channel.withCall(Fixture.echo) { call in
                for part in ["", "a", long] {
                    try await call.send(message(part))
                    #expect(text(try await call.receive()) == part)
                }
                call.finishSending()
                #expect(try await call.receive() == nil)
            }
        }
    }

    @Test func manyCallsShareOneConnection() async throws {
        try await Fixture.overTCP(echoHandler) { fixture in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        let response = try await fixture.channel.unary(Fixture.echo, message("\(index)"))
                        #expect(text(response.message) == "\(index)")
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func statusMessageAndMetadataCrossBothWays() async throws {
        let handler: ServiceRoutes.Handler = { call in
            #expect(call.metadata.first("x-ascii") == "value one")
            #expect(call.metadata.firstBinary("x-data-bin") == [0, 255, 10])
            call.sendInitialMetadata(["x-initial": "i"])
            call.setTrailingMetadata(["x-trailing": "t"])
            throw RPCError(.notFound, " ünïcode, 100% & more\n", metadata: ["x-extra": "e"])
        }
        try await Fixture.overTCP(handler) { fixture in
            var metadata: Metadata = ["x-ascii": "value one"]
            metadata.add("x-data-bin", binary: [0, 255, 10])
            try await fixture.channel.withCall(Fixture.echo, CallOptions(metadata: metadata)) { call in
                call.finishSending()
                let initial = try await call.initialMetadata()
                #expect(initial.first("x-initial") == "i")
                let error = await #expect(throws: RPCError.self) { try await call.receive() }
                #expect(error?.code == .notFound)
                #expect(error?.message == " ünïcode, 100% & more\n")
                #expect(error?.metadata.first("x-trailing") == "t" && error?.metadata.first("x-extra") == "e")
            }
        }
    }

    @Test func trailersOnlyAnswerHasNoHeaders() async throws {
        try await Fixture.overTCP({ _ in throw RPCError(.aborted, "no") }) { fixture in
            let error = await #expect(throws: RPCError.self) {
                try await fixture.channel.unary(Fixture.echo, message("x"))
            }
            #expect(error?.code == .aborted && error?.message == "no")
        }
    }

    @Test func unknownMethodIsUnimplemented() async throws {
        try await Fixture.overTCP(echoHandler) { fixture in
            let error = await #expect(throws: RPCError.self) {
                try await fixture.channel.unary(MethodPath(service: "test.Echo", method: "Nothing"), message("x"))
            }
            #expect(error?.code == .unimplemented)
        }
    }

    @Test func messageAboveTheLimitIsRefusedBySenderAndReceiver() async throws {
        try await Fixture.overTCP(echoHandler) { fixture in
            let large = RPCMessage(ByteBuffer(repeating: 1, count: (4 << 20) + 1))
            let own = await #expect(throws: RPCError.self) { try await fixture.channel.unary(Fixture.echo, large) }
            #expect(own?.code == .resourceExhausted)
            let options = CallOptions(maxSendMessageBytes: 8 << 20)
            let theirs = await #expect(throws: RPCError.self) {
                try await fixture.channel.unary(Fixture.echo, large, options)
            }
            #expect(theirs?.code == .resourceExhausted)
            let fits = RPCMessage(ByteBuffer(repeating: 1, count: 4 << 20))
            let answer = try await fixture.channel.unary(Fixture.echo, fits)
            #expect(answer.message.readableBytes == 4 << 20)
        }
    }

    @Test func deadlineEndsTheCallOnBothSides() async throws {
        let (ended, handlerEnded) = AsyncStream<RPCError>.makeStream()
        let hasBegun = Mutex(false)
        let handler: ServiceRoutes.Handler = { call in
            hasBegun.withLock { $0 = true }
            do {
                _ = try await call.receive()
                _ = try await call.receive()
            } catch let error as RPCError {
                handlerEnded.yield(error)
                throw error
            }
        }
        try await Fixture.overTCP(handler) { fixture in
            // On a busy machine a deadline may pass before the call has reached its handler; then a longer one is
            // tried.
            var timeout = Duration.milliseconds(250)
            while !hasBegun.withLock({ $0 }) {
                try await fixture.channel.withCall(Fixture.echo, CallOptions(timeout: timeout)) { call in
                    let error = await #expect(throws: RPCError.self) { try await call.receive() }
                    #expect(error?.code == .deadlineExceeded)
                }
                timeout = timeout * 2
            }
            var errors = ended.makeAsyncIterator()
            let code = await errors.next()?.code
            #expect(code == .deadlineExceeded || code == .cancelled)
        }
    }

    @Test func clientCancellationCancelsTheHandler() async throws {
        let (started, handlerStarted) = AsyncStream<Void>.makeStream()
        let (ended, handlerEnded) = AsyncStream<Bool>.makeStream()
        let handler: ServiceRoutes.Handler = { call in
            _ = try await call.receive()
            handlerStarted.yield()
            do {
                _ = try await call.receive()
            } catch {
                handlerEnded.yield((error as? RPCError)?.code == .cancelled)
                throw error
            }
        }
        try await Fixture.overTCP(handler) { fixture in
            let task = Task {
                try await fixture.channel.withCall(Fixture.echo) { call in
                    try await call.send(message("x"))
                    return try await call.receive()
                }
            }
            var starts = started.makeAsyncIterator()
            _ = await starts.next()
            task.cancel()
            let result = await task.result
            #expect(throws: RPCError.self) { try result.get() }
            var ends = ended.makeAsyncIterator()
            #expect(await ends.next() == true)
        }
    }

    @Test func slowReaderHoldsTheSenderBack() async throws {
        let (reads, read) = AsyncStream<Void>.makeStream()
        let handler: ServiceRoutes.Handler = { call in
            if call.metadata.first("x-quick") != nil { return try await echoHandler(call) }
            var ticks = reads.makeAsyncIterator()
            _ = await ticks.next()
            var total = 0
            while let message = try await call.receive() { total += message.readableBytes }
            try await call.send(message("\(total)"))
        }
        try await Fixture.overTCP(handler) { fixture in
            let messageByteCount = 1 << 20
            let total = 64
            try await fixture.channel.withCall(Fixture.echo) { call in
                let piece = RPCMessage(ByteBuffer(repeating: 3, count: messageByteCount))
                try await withThrowingTaskGroup(of: Int.self) { group in
                    let sent = Counter()
                    group.addTask {
                        for _ in 0..<total {
                            try await call.send(piece)
                            await sent.increment()
                        }
                        call.finishSending()
                        return 0
                    }
                    // What can be on its way is bounded by the window and the queues, far below the whole.
                    // Other calls on the connection go through meanwhile, and are the clock of this test.
                    for _ in 0..<200 {
                        _ = try await fixture.channel.unary(
                            Fixture.echo, message("tick"), CallOptions(metadata: ["x-quick": "1"]))
                    }
                    #expect(await sent.value < 40)
                    read.yield()
                    #expect(text(try await call.receive()) == "\(total * messageByteCount)")
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func answerBeforeTheRequestIsReadEndsTheSender() async throws {
        try await Fixture.overTCP({ call in try await call.send(message("early")) }) { fixture in
            let result = try await fixture.channel.withCall(Fixture.echo) { call in
                let first = try await call.receive()
                for _ in 0..<200 { try await call.send(RPCMessage(ByteBuffer(repeating: 1, count: 100_000))) }
                let end = try await call.receive()
                return (text(first), end == nil)
            }
            #expect(result == ("early", true))
            #expect(text(try await fixture.channel.unary(Fixture.echo, message("again")).message) == "early")
        }
    }
}

actor Counter {
    private(set) var value = 0

    func increment() { value += 1 }
}
