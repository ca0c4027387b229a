import DFSCore
import DFSServices
import DFSWire
import Logging
import NIOCore
import RPC
import Testing

@testable import DFSChunkServer

/// What a server takes from the primary of a chunk, and what a primary makes of a server that does not answer.
@Suite(.timeLimit(.minutes(2))) struct ReplicateTests {
    private struct Stream {
        let call: ClientCall

        func send(_ bytes: [UInt8], at offset: UInt64, crc32c: UInt32? = nil) async throws -> UInt64? {
            let request = ReplicateRequest(
                offset: offset, crc32c: crc32c ?? CRC32C.of(bytes), data: [ByteBuffer(bytes: bytes)])
            try await call.send(RPCMessage(segments: try request.encoded()))
            return try await call.receive(ReplicateResponse.self)?.length
        }
    }

    private func replicating<Result: Sendable>(
        to server: ServerUnderTest, version: UInt64 = 1, chunkSize: UInt64 = 10_000,
        _ body: @escaping @Sendable (Stream) async throws -> Result
    ) async throws -> Result {
        try await server.peer.channel.withCall(Methods.replicate, CallOptions()) { call in
            let opening = ReplicateRequest(
                chunk: OpenChunkVersion(chunkID: "f_0", version: version), chunkSize: chunkSize)
            try await call.send(RPCMessage(segments: try opening.encoded()))
            _ = try #require(try await call.receive(ReplicateResponse.self))
            return try await body(Stream(call: call))
        }
    }

    @Test func batchesAreAnsweredByTheDurableLengthAndRepeatsAreKnown() async throws {
        try await withServer { server in
            try await replicating(to: server) { stream in
                let lengths = [
                    try await stream.send(content(100), at: 0),
                    try await stream.send(content(50, seed: 2), at: 100),
                    try await stream.send(content(50, seed: 2), at: 100),
                ]
                #expect(lengths == [100, 150, 150])
            }
            let length = try await replicating(to: server) { try await $0.send(content(10), at: 150) }
            #expect(length == 160, "another stream of the same version goes on")
        }
    }

    @Test(arguments: [
        (UInt64(99), RPCCode.failedPrecondition), (101, .failedPrecondition), (.max, .invalidArgument),
    ])
    func bytesForAnotherPlaceAreRefused(_ offset: UInt64, _ code: RPCCode) async throws {
        try await withServer { server in
            await expect(code) {
                try await replicating(to: server) { stream in
                    _ = try await stream.send(content(100), at: 0)
                    _ = try await stream.send(content(100, seed: 3), at: offset)
                }
            }
            let length = try await server.openLength()
            #expect(length == 100)
        }
    }

    @Test func damagedAndTooManyBytesAreRefused() async throws {
        try await withServer { server in
            await expect(.dataLoss) {
                try await replicating(to: server) { _ = try await $0.send(content(100), at: 0, crc32c: 1) }
            }
            await expect(.outOfRange) {
                try await replicating(to: server) { _ = try await $0.send(content(10_001), at: 0) }
            }
            let length = try await server.openLength()
            #expect(length == 0)
        }
    }

    @Test func fencedVersionIsRefusedAndAHigherOneOnlyTakenWithoutBytes() async throws {
        try await withServer { server in
            let fenced = try await server.fence(3)
            #expect(fenced == FenceResponse())
            await expect(.failedPrecondition) { try await replicating(to: server, version: 2) { _ in } }
            let length = try await replicating(to: server, version: 3) { try await $0.send(content(10), at: 0) }
            #expect(length == 10)
            await expect(.failedPrecondition) { try await replicating(to: server, version: 4) { _ in } }
            let bytes = try await server.sealed(4)
            #expect(bytes == content(10))
            await expect(.failedPrecondition) { try await replicating(to: server, version: 5) { _ in } }
        }
    }

    @Test func callThatDoesNotNameAChunkIsRefused() async throws {
        try await withServer { server in
            for path in [Methods.replicate, Methods.append] {
                await expect(.invalidArgument) {
                    try await server.peer.channel.withCall(path, CallOptions()) { call in
                        call.finishSending()
                        _ = try await call.receive()
                    }
                }
            }
        }
    }

    @Test func serverThatDoesNotAnswerIsGivenUpAndNamed() async throws {
        var routes = ServiceRoutes()
        routes.streaming(Methods.replicate) { call in
            _ = try await call.receive()
            try await call.send(ReplicateResponse())
            while try await call.receive() != nil {}
        }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let other = RPCServer(routes: routes, configuration: .init(), group: testGroup, logger: logger)
        let address = "127.0.0.1:\(try await other.listen(host: "127.0.0.1", port: 0))"
        try await withScene(1, change: { $1.append.replicaLimit = .milliseconds(400) }) { scene in
            let own = scene.addresses[0]
            scene.master.answerLeases { request in
                RenewLeasesResponse(
                    leaseMilliseconds: 60_000,
                    granted: request.held.map { Lease(chunk: $0, servers: [own, address], chunkSize: 10_000) })
            }
            await expect(.unavailable) { _ = try await scene.primary.append(content(10)) }
            let failed = await scene.givenUp()
            #expect(failed == [address])
        }
        await other.shutdown(grace: .zero)
    }

    @Test func serverThatNobodyListensAtIsGivenUpAndNamed() async throws {
        let port = try HeldPort()
        try await withScene(1, change: { $1.append.replicaLimit = .milliseconds(400) }) { scene in
            let servers = [scene.addresses[0], "127.0.0.1:\(port.number)"]
            scene.master.answerLeases { request in
                RenewLeasesResponse(
                    leaseMilliseconds: 60_000,
                    granted: request.held.map { Lease(chunk: $0, servers: servers, chunkSize: 10_000) })
            }
            await expect(.unavailable) { _ = try await scene.primary.append(content(10)) }
            let failed = await scene.givenUp()
            #expect(failed == [servers[1]])
        }
    }
}
