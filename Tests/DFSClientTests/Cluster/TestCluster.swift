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
        /// Whether the Swift servers know chains.
        var forwards = true
        var replication = 2
        var chunkSize = 256 << 10
        /// How long each read from the local disk takes.
        var secondsPerRead = 0.0
        var configuration = TestCluster.quickConfiguration
    }

    /// Small buffers, so that small files have many, and no long wait for a server that stalls.
    static var quickConfiguration: ClientConfiguration {
        var configuration = ClientConfiguration()
        configuration.bufferSize = 64 << 10
        configuration.stallLimit = .milliseconds(1500)
        configuration.acknowledgementLimit = .seconds(5)
        // Long enough for a machine that builds something meanwhile.
        configuration.connectLimit = .seconds(30)
        configuration.masterLimit = .seconds(30)
        // A slow test machine shall not decide who is asked.
        configuration.hedgeFloor = nil
        return configuration
    }

    /// Runs `body` with a cluster as wished, and takes it down.
    static func run(_ wish: Wish = Wish(), _ body: (TestCluster) async throws -> Void) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let master = TestMaster(
            isSwift: wish.isMasterSwift, chunkSize: wish.chunkSize, replication: wish.replication)
        let servers = wish.servers.map { TestChunkServer(isSwift: $0, forwards: wish.forwards) }
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
            master: ServerAddress(host: "127.0.0.1", port: ports[0]), configuration: wish.configuration,
            files: wish.secondsPerRead > 0 ? SlowDisk(disk: disk, secondsPerRead: wish.secondsPerRead) : disk,
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

    private static let block = (0..<50_021).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 9) }

    /// Makes the local file `name` of `count` bytes that differ from place to place.
    func makeFile(_ name: String, _ count: Int) throws -> [UInt8] {
        // Block by block, since a test's bytes are slow to make one by one.
        var bytes: [UInt8] = []
        for block in 0...(count / Self.block.count) {
            bytes += Self.block[..<min(Self.block.count, count - bytes.count)]
            if let last = bytes.indices.last { bytes[last] ^= UInt8(truncatingIfNeeded: block) }
        }
        _ = try disk.remove(name)
        try disk.open(name, .creating).write([ByteBuffer(bytes: bytes)], at: 0)
        return bytes
    }

    /// Whether there is neither file nor folder at `path` of the local disk.
    func isAbsent(_ path: String) -> Bool {
        (try? disk.status(of: path)) == .some(nil)
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
