import DFSCore
import DFSServices
import DFSWire
import NIOCore
import RPC
import Synchronization
import Testing

@testable import DFSChunkServer

/// A clock that a test moves; otherwise it runs like the machine's.
final class MovableClock: MonotonicClock {
    private let ahead = Mutex(Duration.zero)

    var now: MonotonicInstant { SystemClock().now + ahead.withLock { $0 } }

    func move(_ step: Duration) { ahead.withLock { $0 += step } }
}

/// Chunk servers under one master that grants the lease of chunk `f_0` to the first of them.
struct AppendScene: Sendable {
    let master: TestMaster
    let servers: [ServerUnderTest]
    let clock: MovableClock
    let chunkSize: Int

    var primary: ServerUnderTest { servers[0] }
    var addresses: [String] { servers.map(\.address.description) }

    /// Grants whatever is asked for, for `lease`.
    func grantLeases(_ lease: Duration = .seconds(60)) {
        let (addresses, chunkSize) = (addresses, chunkSize)
        master.answerLeases { request in
            RenewLeasesResponse(
                leaseMilliseconds: UInt32(lease.nanoseconds / 1_000_000),
                granted: request.held.map { Lease(chunk: $0, servers: addresses, chunkSize: UInt64(chunkSize)) })
        }
    }

    /// The next time that the primary gives the chunk up; and which servers it says have failed.
    func givenUp() async -> [String] {
        let event = await master.events.first {
            if case .renewed(let request) = $0 { !request.ended.isEmpty } else { false }
        }
        guard case .renewed(let request) = event else { return [] }
        return request.ended[0].failed
    }
}

func withScene(
    _ count: Int = 3, chunkSize: Int = 1 << 20,
    change: @escaping (Int, inout ChunkServerSettings) -> Void = { _, _ in },
    _ body: (AppendScene) async throws -> Void
) async throws {
    let master = try await TestMaster(isSwift: true, group: testGroup)
    let clock = MovableClock()
    let settle: (Int, inout ChunkServerSettings) -> Void = { index, settings in
        if index == 0 { settings.append.clock = clock }
        settings.append.replicaLimit = .seconds(5)
        change(index, &settings)
    }
    do {
        try await withServers(count, masterPort: master.port, change: settle) { servers in
            let scene = AppendScene(master: master, servers: servers, clock: clock, chunkSize: chunkSize)
            scene.grantLeases()
            try await body(scene)
        }
    } catch {
        await master.stop()
        throw error
    }
    await master.stop()
}

struct TestRecord: Sendable {
    var id = RecordID.random()
    var bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var request: AppendRequest {
        AppendRequest(recordID: id, crc32c: CRC32C.of(bytes), data: [ByteBuffer(bytes: bytes)])
    }
}

/// One Append call as a client holds it.
struct TestAppend {
    let call: ClientCall

    func send(_ record: TestRecord) async throws {
        try await call.send(RPCMessage(segments: try record.request.encoded()))
    }

    func offset() async throws -> UInt64 {
        try #require(try await call.receive(AppendResponse.self)).offset
    }

    func append(_ record: TestRecord) async throws -> UInt64 {
        try await send(record)
        return try await offset()
    }
}

extension ServerUnderTest {
    func appending<Result: Sendable>(
        to id: String = "f_0", version: UInt64 = 1, _ body: @escaping @Sendable (TestAppend) async throws -> Result
    ) async throws -> Result {
        var options = CallOptions()
        options.maxSendMessageBytes = 32 << 20
        return try await peer.channel.withCall(Methods.append, options) { call in
            let opening = AppendRequest(chunk: OpenChunkVersion(chunkID: id, version: version))
            try await call.send(RPCMessage(segments: try opening.encoded()))
            return try await body(TestAppend(call: call))
        }
    }

    func append(_ bytes: [UInt8], version: UInt64 = 1) async throws -> UInt64 {
        try await appending(version: version) { try await $0.append(TestRecord(bytes)) }
    }

    func fence(_ version: UInt64, _ id: String = "f_0") async throws -> FenceResponse {
        try await peer.unary(
            Methods.fence, FenceRequest(chunk: OpenChunkVersion(chunkID: id, version: version)))
    }

    func seal(_ version: UInt64, _ length: Int, _ id: String = "f_0") async throws -> SealResponse {
        try await peer.unary(
            Methods.seal,
            SealRequest(chunk: OpenChunkVersion(chunkID: id, version: version), length: UInt64(length)))
    }

    /// Fences the chunk, seals it at its own length and reads it.
    func sealed(_ version: UInt64 = 9) async throws -> [UInt8] {
        let length = Int(try await fence(version).length)
        let response = try await seal(version, length)
        let bytes = try await contents("f_0")
        #expect(response.crc32c == CRC32C.of(bytes))
        return bytes
    }
}
