import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// Servers that are there and give nothing.
    @Suite struct SlowServerTests {
        @Test(arguments: [0, 1])
        func getOvertakesAServerThatIsFrozen(frozen: Int) async throws {
            try await Cluster.run(.init(liveThreshold: "60s")) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: (6 << 20) + 1)
                try await cluster.put(source, as: "f")
                cluster.server(frozen)?.send(SIGSTOP)
                let target = try cluster.folder.folder("out")
                // Well below the 30 s after which a transfer without progress is given up.
                let get = try await cluster.client(
                    "-log-level", "debug", "get", "f", target, within: .seconds(15))
                #expect(get.status == 0, "\(get.stderr)")
                #expect(TestFolder.areEqual("\(target)/f", source))
                #expect(get.stderr.contains("a replica lets wait; asking a second one"), "\(get.stderr)")
            }
        }

        private static let setup = Cluster.Setup(
            chunkServers: 4, chunkSize: "64MB", replication: 3, liveThreshold: "10s")

        /// The chain is known before a server of it becomes slow, in mid-chunk.
        @Test(arguments: 0...2)
        func putReplacesAServerThatTakesLittle(position: Int) async throws {
            try await Cluster.run(Self.setup) { cluster in
                let proxies = try await cluster.standBehindProxies()
                defer { for proxy in proxies { proxy.stop() } }
                for proxy in proxies { proxy.limit(4 << 20) }
                let source = try cluster.folder.randomFile("in", bytes: 60 << 20)
                let put = try cluster.startClient([
                    "-stall-limit", "9s", "-slow-floor", "1MB", "put", source, "f",
                ])
                let chain = try await cluster.chain(of: "f", proxies, put)
                for index in proxies.indices { proxies[index].limit(index == chain[position] ? 200 << 10 : nil) }
                let result = try await cluster.finish(put)
                #expect(result.status == 0, "\(result.stderr)")
                #expect(result.stdout.contains("durable replicas of each: 3"))
                #expect(try cluster.holders(of: "f", source) == Set(0...3).subtracting([chain[position]]))
                // Who feeds it says so, with its name and its speed, and nobody says it of another one.
                let complaint = "\(proxies[chain[position]].address): slow: it took "
                for place in 0...2 {
                    let log = cluster.server(chain[place])?.stderr ?? ""
                    #expect(log.contains(complaint) == (place == position - 1))
                    #expect(log.contains("slow: it took") == (place == position - 1))
                }
                #expect(
                    result.stderr.contains(position == 0 ? complaint : "was slow: it took only"), "\(result.stderr)")
                let counts = try await cluster.slowServerCounts()
                #expect(counts.reduce(0, +) == (position == 0 ? 0 : 1), "\(counts)")
                #expect(try await cluster.outcome(of: "f", source: source) == .whole)
                // Nothing of the chunk stays where it came slowly.
                proxies[chain[position]].limit(nil)
                try await eventually("no unfinished upload") { cluster.temporaries().isEmpty }
            }
        }

        @Test func putGoesOnWhereAllServersTakeLittle() async throws {
            try await Cluster.run(Self.setup) { cluster in
                let proxies = try await cluster.standBehindProxies()
                defer { for proxy in proxies { proxy.stop() } }
                for proxy in proxies { proxy.limit(4 << 20) }
                let source = try cluster.folder.randomFile("in", bytes: 40 << 20)
                let result = try await cluster.client(
                    "-stall-limit", "4s", "-slow-floor", "32MB", "put", source, "f")
                #expect(result.status == 0, "\(result.stderr)")
                #expect(result.stdout.contains("durable replicas of each: 3"))
                #expect(result.stderr.contains("the put goes on as fast as they are"), "\(result.stderr)")
                for proxy in proxies { proxy.limit(nil) }
                #expect(try await cluster.outcome(of: "f", source: source) == .whole)
            }
        }
    }
}

extension Cluster {
    /// Starts all chunk servers again, each behind a proxy by whose address the others and the clients know it.
    fileprivate func standBehindProxies() async throws -> [ThrottledProxy] {
        let proxies = try serverPorts.map { try ThrottledProxy(to: $0) }
        for (index, proxy) in proxies.enumerated() {
            try await stopServer(index)
            try await startServer(
                index, extra: ["-advertise", proxy.address, "-http-listen", "127.0.0.1:\(serverPagePorts[index])"])
        }
        for index in serverPorts.indices {
            try await eventually("server \(index) has its master") {
                (try? await HTTPPage("/readyz", port: serverPagePorts[index]).status) == 200
            }
        }
        try await awaitJoined()
        return proxies
    }

    /// Who of the servers has called others slow, and how often.
    fileprivate func slowServerCounts() async throws -> [Int] {
        var counts: [Int] = []
        for index in serverPorts.indices {
            let lines = try await HTTPPage("/metrics", port: serverPagePorts[index]).body.split(separator: "\n")
            let line = lines.first { $0.hasPrefix("dfs_chunkserver_slow_servers_total ") }
            counts.append(line.flatMap { Int($0.split(separator: " ")[1]) } ?? -1)
        }
        return counts
    }

    /// The servers of the chain of the one chunk of `name`, once all of them have some of it.
    fileprivate func chain(of name: String, _ proxies: [ThrottledProxy], _ put: ChildProcess) async throws -> [Int] {
        try await eventually("a chunk of \(name) on its way") {
            if let end = put.ended { throw FixtureError("the put ended before: \(end)\n\(put.stderr)") }
            let indices = serverPorts.indices
            let chains = indices.compactMap { chain(of: name, at: $0, addresses: proxies.map(\.address)) }
            guard let longest = chains.max(by: { $0.count < $1.count }), longest.count == 3,
                longest.allSatisfy({ !TestFolder.names(in: "\(serverFolder($0))/.dfs/tmp").isEmpty })
            else { return nil }
            return longest
        }
    }
}
