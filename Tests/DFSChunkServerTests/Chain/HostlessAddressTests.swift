import DFSCore
import DFSServices
import DFSWire
import Testing

@testable import DFSChunkServer

/// Two machines, each with a chunk server on the same port, and a Swift master on the second. The server beside the master has an
/// address without a host, which means another machine to the first.
@Suite(.timeLimit(.minutes(2))) struct HostlessAddressTests {
    private static let mastersHost = "127.0.0.2"

    private func withTwoMachines(
        _ body: (_ far: ServerUnderTest, _ near: ServerUnderTest, TestMaster) async throws -> Void
    ) async throws {
        let master = try await TestMaster(isSwift: true, host: Self.mastersHost, group: testGroup)
        let address = ServerAddress(host: Self.mastersHost, port: master.port)
        try await withServer(change: { $0.master = address }) { far in
            let listen = ServerAddress(host: Self.mastersHost, port: far.port)
            try await withServer(change: { ($0.master, $0.listen) = (address, listen) }) { near in
                try await body(far, near, master)
            }
        }
        await master.stop()
    }

    @Test func aChainReachesTheServerOnTheMastersMachine() async throws {
        let bytes = content(300_000)
        try await withTwoMachines { far, near, _ in
            let nearby = ServerAddress(host: "", port: far.port)
            let result = try #require(try await far.send("f_0", bytes, along: [far.address, nearby]))
            #expect(result.durable == [far.address, nearby] && result.failed.isEmpty)
            #expect(try far.names() == ["f_0"])
            #expect(try near.names() == ["f_0"])
        }
    }

    @Test func aCopyReachesTheServerOnTheMastersMachine() async throws {
        try await withTwoMachines { far, near, master in
            try await far.upload("f_0", content(1000))
            let task = ReplicationTask(chunkID: "f_0", targetAddress: ":\(far.port)")
            // Whichever of the two asks for it: the other has no such chunk.
            master.order(HeartbeatResponse(replicationTasks: [task]), times: 1000)
            while try near.names() != ["f_0"] {
                try Task.checkCancellation()
                await Task.yield()
            }
        }
    }

    /// What it has acknowledged itself is no second copy.
    @Test func aServerIsNotTakenForAnotherOne() async throws {
        try await withServers(1) { servers in
            let same = ServerAddress(host: "localhost", port: servers[0].port)
            let result = try #require(
                try await servers[0].send("f_0", content(1000), along: [servers[0].address, same]))
            #expect(result.durable == [servers[0].address] && result.failed == [same])
        }
    }
}
