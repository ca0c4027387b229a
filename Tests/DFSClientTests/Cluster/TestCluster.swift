import DFSClient
import DFSCore
import DFSFiles
import DFSServices
import DFSSimulation
import Logging
import NIOCore
import NIOPosix
import RPC

/// A cluster of test nodes on loopback, a disk in memory, and a client of both.
struct TestCluster: Sendable {
    let master: TestMaster
    let servers: [TestChunkServer]
    /// Of ``servers``, as the master names them.
    let addresses: [String]
    let disk: SimulatedDisk
    let client: DFSClient

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// What a test wants.
    struct Wish: Sendable {
        var isMasterSwift = true
        /// One server for each: whether it is Swift.
        var servers = [true, true]
        var replication = 2
        var chunkSize = 256 << 10
        var configuration = TestCluster.quickConfiguration
    }

    /// Small buffers, so that small files have many, and no long waits.
    static var quickConfiguration: ClientConfiguration {
        var configuration = ClientConfiguration()
        configuration.bufferSize = 64 << 10
        configuration.stallLimit = .milliseconds(400)
        configuration.acknowledgementLimit = .seconds(5)
        configuration.connectLimit = .seconds(2)
        configuration.masterLimit = .seconds(3)
        return configuration
    }

    /// Runs `body` with a cluster as wished, and takes it down.
    static func run(_ wish: Wish = Wish(), _ body: (TestCluster) async throws -> Void) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let master = TestMaster(
            isSwift: wish.isMasterSwift, chunkSize: wish.chunkSize, replication: wish.replication)
        let servers = wish.servers.map { TestChunkServer(isSwift: $0) }
        var running: [RPCServer] = []
        var ports: [UInt16] = []
        for routes in [master.routes] + servers.map(\.routes) {
            let server = RPCServer(routes: routes, configuration: .init(), group: group, logger: logger)
            ports.append(try await server.listen(host: "127.0.0.1", port: 0))
            running.append(server)
        }
        let addresses = ports.dropFirst().map { "127.0.0.1:\($0)" }
        master.state.withLock { $0.servers = addresses }
        let disk = SimulatedDisk()
        let client = DFSClient(
            master: ServerAddress(host: "127.0.0.1", port: ports[0]), configuration: wish.configuration, files: disk,
            logger: logger)
        let cluster = TestCluster(
            master: master, servers: servers, addresses: addresses, disk: disk, client: client)
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await body(cluster))
        } catch {
            outcome = .failure(error)
        }
        await client.close()
        for server in running { await server.shutdown(grace: .zero) }
        try outcome.get()
    }

    /// Makes the local file `name` of `count` bytes that differ from place to place.
    func makeFile(_ name: String, _ count: Int) throws -> [UInt8] {
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { room, initialized in
            for index in 0..<count { room[index] = UInt8(truncatingIfNeeded: index &* 7 &+ index >> 9) }
            initialized = count
        }
        try disk.remove(name)
        try disk.open(name, .creating).write([ByteBuffer(bytes: bytes)], at: 0)
        return bytes
    }

    /// Whether every server of the file's chunks holds their bytes.
    func replicasHold(_ bytes: [UInt8], _ result: PutResult) -> Bool {
        result.chunks.enumerated().allSatisfy { index, chunk in
            let start = index * master.chunkSize
            let expected = Array(bytes[start..<min(start + master.chunkSize, bytes.count)])
            return (chunk.durableOn + chunk.syncedUnverifiedOn).allSatisfy { address in
                addresses.firstIndex(of: address).map { servers[$0].contents(of: chunk.id) == expected } ?? false
            }
        }
    }
}

/// The error that `body` fails with; `nil` where it does not fail.
func failure(_ body: () async throws -> Void) async -> DFSError? {
    do {
        try await body()
        return nil
    } catch {
        return DFSError(error, from: "test")
    }
}
