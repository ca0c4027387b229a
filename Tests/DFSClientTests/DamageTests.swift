import DFSClient
import DFSCore
import DFSWire
import Testing

/// Replicas whose bytes have changed on the disk.
@Suite(.timeLimit(.minutes(2))) struct DamageTests {
    private static let size = 256 << 10

    /// One chunk on two servers; each download from the first one asked comes with a wrong byte.
    private func withRot(
        servers: [Bool] = [true, true], _ body: (TestCluster, [UInt8]) async throws -> Void
    ) async throws {
        try await TestCluster.run(TestCluster.Wish(servers: servers)) { cluster in
            let bytes = try cluster.makeFile("in", Self.size)
            try await cluster.client.put("in", as: "f")
            cluster.servers[0].faults.withLock { $0.rottenDownloads = 100 }
            try await body(cluster, bytes)
        }
    }

    private func expectReport(_ cluster: TestCluster) {
        let id = cluster.master.state.withLock { $0.files["f"]?.chunks[0]?.id ?? "" }
        #expect(
            cluster.master.state.withLock { $0.damage }
                == [ReportDamageRequest(chunkID: id, server: cluster.addresses[0])])
    }

    @Test(arguments: [true, false])
    func aGetTakesTheBytesOfAnotherReplicaAndTellsTheMaster(isServerSwift: Bool) async throws {
        try await withRot(servers: [isServerSwift, isServerSwift]) { cluster, bytes in
            _ = try await cluster.client.get("f", into: "out")
            #expect(cluster.disk.contents(of: "out/f") == bytes)
            expectReport(cluster)
        }
    }

    @Test(arguments: [true, false])
    func noWrongByteIsPassedOn(isServerSwift: Bool) async throws {
        try await withRot(servers: [isServerSwift, isServerSwift]) { cluster, bytes in
            for range in [0..<Int.max, 50_000..<250_000] {
                let pipe = Pipe()
                let received = pipe.receive()
                try await cluster.client.read("f", range: range, to: pipe.write)
                pipe.closeWrite()
                let expected = Array(bytes[range.clamped(to: 0..<bytes.count)])
                #expect(await received.value == expected)
                #expect(try await cluster.client.read("f", range: range) == expected)
            }
            #expect(cluster.master.state.withLock { !$0.damage.isEmpty })
        }
    }

    @Test func withoutAnotherReplicaTheReaderGetsAnErrorBehindTheRightBytes() async throws {
        try await withRot { cluster, bytes in
            cluster.servers[1].faults.withLock { $0.rottenDownloads = 100 }
            let pipe = Pipe()
            let received = pipe.receive()
            let error = await failure { try await cluster.client.read("f", to: pipe.write) }
            pipe.closeWrite()
            #expect(error?.code == .dataLoss, "\(String(describing: error))")
            let passed = await received.value
            #expect(passed == Array(bytes.prefix(passed.count)) && (100_000..<bytes.count).contains(passed.count))
            #expect(cluster.master.state.withLock { Set($0.damage.map(\.server)) } == Set(cluster.addresses))
        }
    }
}
