import DFSCore
import Testing

@testable import DFSClient

@Suite(.timeLimit(.minutes(1))) struct HedgeTests {
    private func policy(_ waits: [Int], floor: Duration? = .milliseconds(100)) -> HedgePolicy {
        var policy = HedgePolicy(floor: floor)
        for wait in waits { policy.noteFirstByte(after: .milliseconds(wait)) }
        return policy
    }

    @Test func theWaitFollowsWhatOthersTookWithinBounds() {
        #expect(policy([]).delay == HedgePolicy.initialDelay)
        #expect(policy(Array(repeating: 1, count: 7)).delay == HedgePolicy.initialDelay, "too few to tell")
        #expect(policy(Array(repeating: 1, count: 8)).delay == .milliseconds(100), "the floor")
        #expect(policy(Array(1...100)).delay == .milliseconds(2 * (36 + 64 * 9 / 10 + 1)), "the last 64")
        #expect(policy(Array(repeating: 60_000, count: 10)).delay == HedgePolicy.longestDelay)
        #expect(policy(Array(1...100), floor: nil).delay == nil)
    }

    @Test func oneDownloadInTenIsHedgedBesideABurst() {
        var policy = policy([])
        var count = 0
        for _ in 0..<1000 {
            policy.noteFirstByte(after: .milliseconds(1))
            if policy.take() { count += 1 }
        }
        #expect(count == 100 + 3 && policy.count == count)
    }

    private func wish(servers: [Bool] = [true, true]) -> TestCluster.Wish {
        var wish = TestCluster.Wish(servers: servers, replication: servers.count)
        wish.configuration.hedgeFloor = .milliseconds(20)
        // Nothing but a hedge ends the wait.
        wish.configuration.stallLimit = .seconds(3600)
        return wish
    }

    @Test(arguments: [0, 1])
    func aReplicaThatSaysNothingIsOvertakenByAnother(silent: Int) async throws {
        try await TestCluster.run(wish()) { cluster in
            let bytes = try cluster.makeFile("in", 700_000)
            try await cluster.client.put("in", as: "f")
            cluster.servers[silent].faults.withLock { $0.silentDownloads = 100 }
            #expect(try await cluster.client.read("f", range: 0..<700_000) == bytes)
            #expect(cluster.servers[1 - silent].record.withLock { $0.downloads.count } == 3)
        }
    }

    /// Puts a file on two servers, lets `body` say what they do, with the one that is asked first first, and reads the file, each
    /// replica of which may fail once.
    private func readOnce(_ body: (TestChunkServer, TestChunkServer) -> Void) async throws -> [Int] {
        var wish = wish()
        wish.configuration.maxAttempts = 1
        var downloads: [Int] = []
        try await TestCluster.run(wish) { cluster in
            let bytes = try cluster.makeFile("in", 1000)
            try await cluster.client.put("in", as: "f")
            let first = try #require(cluster.master.state.withLock { $0.files["f"]?.chunks[0]?.servers.first })
            let isInOrder = first == cluster.addresses[0]
            let servers = isInOrder ? cluster.servers : cluster.servers.reversed()
            body(servers[0], servers[1])
            #expect(try await cluster.client.read("f", range: 0..<1000) == bytes)
            downloads = servers.map { $0.record.withLock { $0.downloads.count } }
        }
        return downloads
    }

    @Test func aSecondReplicaThatOnlyLostTheRaceIsAskedWhenTheWinnerBreaks() async throws {
        let downloads = try await readOnce { first, second in
            let (start, isHedged) = AsyncStream.makeStream(of: Never.self)
            first.faults.withLock { ($0.downloadStart, $0.brokenDownloads) = (start, 1) }
            second.record.withLock { $0.downloadWaiter = isHedged }
            second.faults.withLock { $0.silentDownloads = 1 }
        }
        #expect(downloads == [1, 2])
    }

    @Test func aFirstReplicaThatOnlyLostTheRaceIsAskedAgainWhenTheWinnerBreaks() async throws {
        let downloads = try await readOnce { first, second in
            first.faults.withLock { $0.silentDownloads = 1 }
            second.faults.withLock { $0.brokenDownloads = 1 }
        }
        #expect(downloads == [2, 1])
    }

    @Test func aChunkIsHedgedOnce() async throws {
        var wish = wish(servers: [true, true, true])
        wish.configuration.stallLimit = .milliseconds(1500)
        try await TestCluster.run(wish) { cluster in
            let bytes = try cluster.makeFile("in", 1000)
            try await cluster.client.put("in", as: "f")
            for server in cluster.servers { server.faults.withLock { $0.silentDownloads = 1 } }
            #expect(try await cluster.client.read("f", range: 0..<1000) == bytes)
            let downloads = cluster.servers.map { $0.record.withLock { $0.downloads.count } }
            #expect(
                downloads.reduce(0, +) == 4,
                "two at once, one after them, and the one that gives the bytes: \(downloads)")
        }
    }

    @Test func aReplicaOfGoServersIsNotHedgedIntoAStream() async throws {
        var wish = wish(servers: [false, false])
        wish.configuration.stallLimit = .milliseconds(1500)
        try await TestCluster.run(wish) { cluster in
            let bytes = try cluster.makeFile("in", 1000)
            try await cluster.client.put("in", as: "f")
            for server in cluster.servers { server.faults.withLock { $0.silentDownloads = 1 } }
            #expect(try await cluster.client.read("f", range: 0..<900) == Array(bytes[..<900]))
            #expect(cluster.client.hedgeCount == 0)
        }
    }

    @Test func serversOfThisMachineComeFirst() {
        let machine = LocalMachine(hosts: ["10.0.0.7", "fe80::1"])
        let servers = ["10.0.0.8:1", ":2", "cs:3", "10.0.0.7:4", "[fe80::1]:5", "127.0.0.1:6", "localhost:7", "?"]
        #expect(
            machine.first(servers) == [":2", "10.0.0.7:4", "[fe80::1]:5", "127.0.0.1:6", "localhost:7"]
                + ["10.0.0.8:1", "cs:3", "?"])
        let elsewhere = LocalMachine(hosts: ["10.0.0.7"], usualHost: "192.0.2.9")
        #expect(elsewhere.first([":1", "10.0.0.7:2"]) == ["10.0.0.7:2", ":1"])
        #expect(LocalMachine().first(["192.0.2.1:1", "127.0.0.1:2"]) == ["127.0.0.1:2", "192.0.2.1:1"])
    }
}
