import DFSClient
import DFSCore
import Testing

/// Parts of files.
@Suite(.timeLimit(.minutes(2))) struct RangeTests {
    private static let size = 600_000
    /// Around the bounds of chunks, of 262,144 bytes, and of messages.
    private static let ranges = [
        0..<0, 0..<1, 0..<600_000, 0..<Int.max, 5..<70_000, 65_535..<65_537, 262_143..<262_145, 262_144..<524_288,
        100..<599_999, 524_288..<600_000, 599_999..<900_000, 600_000..<600_001, 700_000..<Int.max,
    ]

    /// What a reader of `range` must get.
    private func part(_ bytes: [UInt8], _ range: Range<Int>) -> [UInt8] {
        Array(bytes[range.clamped(to: 0..<bytes.count)])
    }

    @Test(arguments: [true, false], [true, false])
    func everyRangeIsThatPartOfTheFile(isMasterSwift: Bool, isServerSwift: Bool) async throws {
        var wish = TestCluster.Wish(isMasterSwift: isMasterSwift, servers: [isServerSwift, isServerSwift])
        if !isMasterSwift { wish.chunkSize = 64 << 20 }
        try await TestCluster.run(wish) { cluster in
            let bytes = try cluster.makeFile("in", Self.size)
            try await cluster.client.put("in", as: "f")
            for range in Self.ranges {
                // A Go master does not tell how much that is.
                if isMasterSwift || range.upperBound < Int.max {
                    #expect(try await cluster.client.read("f", range: range) == part(bytes, range), "\(range)")
                }
                let pipe = Pipe()
                let received = pipe.receive()
                let result = try await cluster.client.read("f", range: range, to: pipe.write)
                pipe.closeWrite()
                let expected = part(bytes, range)
                #expect(await received.value == expected && result.length == expected.count, "\(range)")
            }
        }
    }

    @Test func onlyWhatIsWantedIsAskedFor() async throws {
        try await TestCluster.run(TestCluster.Wish(servers: [true], replication: 1)) { cluster in
            _ = try cluster.makeFile("in", Self.size)
            try await cluster.client.put("in", as: "f")
            _ = try await cluster.client.read("f", range: 300_000..<300_010)
            let downloads = cluster.servers[0].record.withLock { $0.downloads }
            #expect(downloads.map(\.offset) == [300_000 - 262_144] && downloads.map(\.length) == [10])
        }
    }

    @Test func aPartGoesOnFromAnotherReplicaAtTheByteReached() async throws {
        try await TestCluster.run { cluster in
            let bytes = try cluster.makeFile("in", Self.size)
            try await cluster.client.put("in", as: "f")
            for server in cluster.servers { server.faults.withLock { $0.brokenDownloads = 1 } }
            #expect(try await cluster.client.read("f", range: 1000..<590_000) == part(bytes, 1000..<590_000))
        }
    }

    @Test func wrongBytesOfAWholeChunkAreFetchedAnew() async throws {
        try await TestCluster.run { cluster in
            let bytes = try cluster.makeFile("in", Self.size)
            try await cluster.client.put("in", as: "f")
            cluster.servers[0].faults.withLock { $0.corruptedDownloads = 1 }
            cluster.servers[1].faults.withLock { $0.corruptedDownloads = 1 }
            #expect(try await cluster.client.read("f", range: 0..<300_000) == part(bytes, 0..<300_000))
        }
    }

    @Test func moreThanFitsIntoMemoryIsRefused() async throws {
        try await TestCluster.run(TestCluster.Wish(isMasterSwift: false)) { cluster in
            _ = try cluster.makeFile("in", 10)
            try await cluster.client.put("in", as: "f")
            // A Go master does not tell the length, so that the range alone counts.
            #expect(
                await failure { _ = try await cluster.client.read("f", range: 0..<Int.max) }?.code == .invalidArgument)
            #expect(try await cluster.client.read("f", range: 5..<100_000).count == 5)
        }
    }
}
