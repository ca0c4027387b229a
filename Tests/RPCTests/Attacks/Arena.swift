import NIOCore
import NIOPosix
import Testing

@testable import RPC

/// A server under attack, and a bystander: a well-behaved client whose calls must be answered all the while.
struct Arena: Sendable {
    let server: RPCServer
    let bystander: ClientChannel
    let port: UInt16
    /// One value for each connection of the server that has closed.
    let closedConnections: AsyncStream<ConnectionID>

    /// Sends for ever, whether or not anybody reads.
    static let pour = MethodPath(service: "test.Attack", method: "Pour")
    /// Reads nothing and never ends by itself.
    static let deaf = MethodPath(service: "test.Attack", method: "Deaf")

    /// Runs `attack` while the bystander makes calls, one after the other.
    ///
    /// Fails when a call of the bystander is not answered within 10 s, or when the process has grown by more than
    /// `growthMiB` when the attack is over and before its connections are gone.
    static func run(
        growthMiB: Int = 64, _ configuration: RPCServer.Configuration = .init(),
        attack: @escaping @Sendable (Arena) async throws -> Void
    ) async throws {
        var configuration = configuration
        let (closed, sink) = AsyncStream<ConnectionID>.makeStream()
        configuration.onConnectionClosed = { sink.yield($0) }
        let group = MultiThreadedEventLoopGroup.singleton
        let server = RPCServer(
            routes: routes(), configuration: configuration, group: group, logger: Fixture.logger())
        let port = try await server.listen(host: "127.0.0.1", port: 0)
        let bystander = ClientChannel(host: "127.0.0.1", port: port, group: group, logger: Fixture.logger())
        let arena = Arena(server: server, bystander: bystander, port: port, closedConnections: closed)
        let outcome = await Result { try await arena.withBystander(growthMiB: growthMiB, attack) }
        await bystander.close()
        await server.shutdown(grace: .zero)
        try outcome.get()
    }

    private static func routes() -> ServiceRoutes {
        var routes = ServiceRoutes()
        routes.add(Fixture.echo, handler: echoHandler)
        routes.add(pour) { call in
            let block = RPCMessage(ByteBuffer(repeating: 7, count: 64 << 10))
            while true { try await call.send(block) }
        }
        routes.add(deaf) { call in
            let (never, sink) = AsyncStream<Void>.makeStream()
            for await _ in never {}
            sink.finish()
        }
        return routes
    }

    private func withBystander(
        growthMiB: Int, _ attack: @escaping @Sendable (Arena) async throws -> Void
    ) async throws {
        try await call()
        let before = residentMiB()
        let calls = Task {
            var count = 0
            while !Task.isCancelled {
                try await call()
                count += 1
            }
            return count
        }
        let outcome = await Result { try await attack(self) }
        let growth = residentMiB() - before
        calls.cancel()
        try outcome.get()
        #expect(growth <= growthMiB, "the process has grown by \(growth) MiB")
        #expect(try await calls.value > 0)
        try await call()
    }

    private func call() async throws {
        // A task of its own: it is not cancelled with the one that makes the calls.
        let answer = try await Task {
            try await bystander.unary(Fixture.echo, message("still there?"), CallOptions(timeout: .seconds(10)))
        }.value
        #expect(text(answer.message) == "still there?")
    }

    /// Waits until the server has closed a connection.
    func oneConnectionCloses() async {
        for await _ in closedConnections { return }
    }

    func attacker(
        settings: RawFrame = RawFrame.settings, acknowledges: Bool = true, reads: Bool = true
    ) async throws -> Attacker {
        try await Attacker.greeted(port: port, settings: settings, acknowledges: acknowledges, reads: reads)
    }
}

/// What of this process is in memory (`/proc/self/statm`, in pages of 4 KiB).
func residentMiB() -> Int {
    let text = (try? readText("/proc/self/statm")) ?? ""
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * 4 / 1024
}

extension Result where Failure == any Error, Success: Sendable {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
