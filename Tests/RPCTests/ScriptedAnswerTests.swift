import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import RPC

/// Answers that no server of ours gives.
@Suite(.timeLimit(.minutes(1))) struct ScriptedAnswerTests {
    private func call(_ options: CallOptions = .init(), _ script: @escaping ScriptedServer.Script) async -> RPCError? {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let channel = ClientChannel(
            connector: ScriptedConnector(eventLoop: loop, script: script), authority: "scripted",
            configuration: .init(), logger: Fixture.logger())
        let error = await #expect(throws: RPCError.self) {
            try await channel.unary(Fixture.echo, message("x"), options)
        }
        await channel.close()
        return error
    }

    /// The server refuses the first attempt after a while; what it is told of the second one's time is less by that while.
    @Test func transparentRetryHasWhatIsLeftOfTheTimeout() async {
        let told = Mutex<[Duration]>([])
        let error = await call(CallOptions(timeout: .seconds(30))) { server, stream, request in
            let timeout = request.first("grpc-timeout").flatMap { GRPCTimeout.decode($0) }
            let attempts = told.withLock { told in
                told.append(timeout ?? .zero)
                return told.count
            }
            guard attempts == 1 else {
                return server.answer(stream, [(":status", "200"), ("grpc-status", "5")])
            }
            let bound = NIOLoopBound(server, eventLoop: server.eventLoop)
            server.eventLoop.scheduleTask(in: .milliseconds(300)) { bound.value.reset(stream, .refusedStream) }
        }
        #expect(error?.code == .notFound)
        let timeouts = told.withLock { $0 }
        #expect(timeouts.count == 2)
        if let first = timeouts.first, let last = timeouts.last { #expect(first - last >= .milliseconds(299)) }
    }

    @Test(arguments: [("503", "5", RPCCode.notFound), ("404", "8", .resourceExhausted), ("503", "999", .unknown)])
    func statusOfGRPCCountsWhateverTheHTTPStatus(http: String, grpc: String, expected: RPCCode) async {
        let error = await call { server, stream, _ in
            server.answer(stream, [(":status", http), ("grpc-status", grpc), ("grpc-message", "gone"), ("x-why", "y")])
        }
        #expect(error?.code == expected && error?.message == "gone" && error?.metadata.first("x-why") == "y")
    }

    @Test(arguments: [nil, "five"])
    func httpStatusCountsWhereThereIsNoOther(grpc: String?) async {
        let error = await call { server, stream, _ in
            server.answer(stream, [(":status", "503")] + (grpc.map { [("grpc-status", $0)] } ?? []))
        }
        #expect(error?.code == .unavailable && error?.message.contains("503") == true)
    }
}
