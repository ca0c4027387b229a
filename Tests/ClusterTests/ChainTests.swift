import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// Chunks on their way from server to server, and what is killed or stopped meanwhile.
    ///
    /// The last server of the chain is stopped when the chunk has reached it. Then the chunk stands still on its way, less a
    /// few MiB that are in buffers, and what happens next happens in its middle.
    @Suite struct ChainTests {
        private static let setup = Cluster.Setup(chunkServers: 4, chunkSize: "128MB", replication: 3)

        @Test(arguments: 0...2)
        func putOutlivesAServerOfTheChainKilledInMidChunk(position: Int) async throws {
            try await Cluster.run(Self.setup) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 100 << 20)
                let (put, chain) = try await cluster.putStandingStill(source, as: "f")
                try await cluster.killServer(chain[position])
                if position != 2 { cluster.server(chain[2])?.send(SIGCONT) }
                let result = try await cluster.finish(put)
                #expect(result.status == 0, "\(result.stderr)")
                #expect(result.stdout.contains("durable replicas of each: 3"))
                // Acknowledged is what is there: at once, and with the right bytes.
                let holders = try cluster.holders(of: "f", source)
                #expect(holders == Set(0...3).subtracting([chain[position]]))
                #expect(try await cluster.outcome(of: "f", source: source) == .whole)
                // What the dead server has of it goes when it starts.
                try await cluster.startServer(chain[position])
                try await eventually("no unfinished upload") { cluster.temporaries().isEmpty }
            }
        }

        @Test func serverThatStandsStillIsTakenOutAndReplaced() async throws {
            try await Cluster.run(Self.setup) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 100 << 20)
                let (put, chain) = try await cluster.putStandingStill(source, as: "f")
                let result = try await cluster.finish(put)
                #expect(result.status == 0, "\(result.stderr)")
                #expect(try cluster.holders(of: "f", source) == Set(0...3).subtracting([chain[2]]))
                #expect(cluster.server(chain[1])?.stderr.contains("chunk not forwarded") == true)
                // The first one and the client have not lost their patience with those before it.
                #expect(cluster.server(chain[0])?.stderr.contains("chunk not forwarded") == false)
                #expect(try await cluster.outcome(of: "f", source: source) == .whole)
            }
        }

        @Test func onlyServersThereAreAreAskedAgainWhenOneIsBack() async throws {
            let setup = Cluster.Setup(chunkServers: 3, chunkSize: "128MB", replication: 3)
            try await Cluster.run(setup) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 100 << 20)
                let (put, chain) = try await cluster.putStandingStill(source, as: "f")
                try await cluster.killServer(chain[1])
                cluster.server(chain[2])?.send(SIGCONT)
                try await eventually("the first server's copy") {
                    try cluster.holders(of: "f", source).contains(chain[0]) || put.ended != nil
                }
                try await cluster.startServer(chain[1])
                let result = try await cluster.finish(put)
                #expect(result.status == 0, "\(result.stderr)")
                #expect(try cluster.holders(of: "f", source) == [0, 1, 2])
                #expect(try await cluster.outcome(of: "f", source: source) == .whole)
            }
        }

        @Test func clientKilledInMidChunkLeavesNothing() async throws {
            try await Cluster.run(Self.setup) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 100 << 20)
                let (put, chain) = try await cluster.putStandingStill(source, as: "f")
                try await put.kill()
                cluster.server(chain[2])?.send(SIGCONT)
                try await eventually("no unfinished upload") { cluster.temporaries().isEmpty }
                #expect(try cluster.holders(of: "f", source).isEmpty)
                #expect(try await cluster.outcome(of: "f", source: source) == .noSuchFile)
                try await cluster.put(source, as: "f")
                #expect(try await cluster.outcome(of: "f", source: source) == .whole)
            }
        }

        @Test(.enabled(if: Tmpfs.isAllowed, "mounting a tmpfs needs root"))
        func secondServerWhoseDiskFillsUpIsReplaced() async throws {
            let setup = Cluster.Setup(chunkServers: 3, chunkSize: "128MB")
            try await Cluster.run(setup) { cluster in
                // The third one joins later, and of the two others the one with the small disk comes second.
                try await cluster.killServer(2)
                try await cluster.killServer(1)
                try await Tmpfs.run(at: cluster.serverFolder(1), mebibytes: 192) {
                    try await cluster.startServer(1)
                    try await cluster.awaitJoined()
                    let source = try cluster.folder.randomFile("in", bytes: 100 << 20)
                    let (put, chain) = try await cluster.putStandingStill(source, as: "f")
                    #expect(chain == [0, 1])
                    try await cluster.startServer(2)
                    let filler = try FileHandle(forWritingTo: cluster.makeFile(in: 1, "filler"))
                    // As much as fits: this ends by an error.
                    while (try? filler.write(contentsOf: Data(count: 1 << 20))) != nil {}
                    try filler.close()
                    cluster.server(1)?.send(SIGCONT)
                    let result = try await cluster.finish(put)
                    #expect(result.status == 0, "\(result.stderr)")
                    #expect(try cluster.holders(of: "f", source) == [0, 2])
                    #expect(cluster.server(0)?.stderr.contains("no space") == true)
                    #expect(try await cluster.outcome(of: "f", source: source) == .whole)
                    try await cluster.server(1)?.kill()
                }
            }
        }

        @Test func chunksOfManyPutsGoAlongChainsAtOnce() async throws {
            try await Cluster.run(.init(chunkServers: 4, chunkSize: "4MB", replication: 3)) { cluster in
                let sources = try (0..<4).map {
                    try cluster.folder.randomFile("in\($0)", bytes: 30 << 20, seed: UInt64($0))
                }
                let puts = try sources.indices.map { try cluster.startClient(["put", sources[$0], "f\($0)"]) }
                for put in puts {
                    let result = try await cluster.finish(put)
                    #expect(result.status == 0, "\(result.stderr)")
                    #expect(result.stdout.contains("durable replicas of each: 3"))
                }
                for (index, source) in sources.enumerated() {
                    #expect(try await cluster.outcome(of: "f\(index)", source: source) == .whole)
                }
            }
        }

        @Test func clientMaySendToEachServerItself() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 3 << 20)
                #expect(try await cluster.client("put", "-fan-out", source, "f").status == 0)
                #expect(try await cluster.outcome(of: "f", source: source) == .whole)
                #expect((0...1).allSatisfy { cluster.chain(of: "f", at: $0) == nil })
                #expect(try await cluster.client("put", source, "g").status == 0)
                #expect((0...1).contains { cluster.chain(of: "g", at: $0) != nil })
            }
        }
    }
}

extension Cluster {
    /// Puts a file of one chunk and stops the last server of its chain in mid-chunk.
    ///
    /// - Returns: the client, which waits, and the chain's servers.
    fileprivate func putStandingStill(
        _ source: String, as name: String
    ) async throws -> (put: ChildProcess, chain: [Int]) {
        let put = try startClient(["put", source, name])
        let chain = try await eventually("a chunk of \(name) on its way") {
            if let end = put.ended { throw FixtureError("the put ended before: \(end)\n\(put.stderr)") }
            return self.chain(of: name)
        }
        server(chain[chain.count - 1])?.send(SIGSTOP)
        guard put.ended == nil, try holders(of: name, source).isEmpty else {
            throw FixtureError("the put was done before it could be stopped")
        }
        return (put, chain)
    }

    /// The servers of the chain of a chunk of `name`, first to last, once the chunk has reached them all.
    private func chain(of name: String) -> [Int]? {
        let chains = serverPorts.indices.compactMap { chain(of: name, at: $0) }
        guard let longest = chains.max(by: { $0.count < $1.count }), let last = longest.last, last >= 0,
            !TestFolder.names(in: "\(serverFolder(last))/.dfs/tmp").isEmpty
        else { return nil }
        return longest
    }

    /// The chain of the last chunk of `name` from server `index` on; `nil` where it has forwarded none.
    ///
    /// - Parameter addresses: of all servers, where they are not those that they listen on.
    func chain(of name: String, at index: Int, addresses: [String]? = nil) -> [Int]? {
        let addresses = addresses ?? serverPorts.indices.map { serverAddress($0) }
        let line = server(index)?.stderr.split(separator: "\n").last {
            $0.contains("forwarding a chunk") && $0.contains("chunk=\(name).")
        }
        guard let targets = line?.split(separator: " ").first(where: { $0.hasPrefix("to=") }) else { return nil }
        return [index]
            + targets.dropFirst(3).split(separator: ",").map { address in
                addresses.firstIndex(of: String(address)) ?? -1
            }
    }

    /// The running servers that have the one chunk of `name`, each with the bytes of `source`.
    func holders(of name: String, _ source: String) throws -> Set<Int> {
        var holders: Set<Int> = []
        for index in serverPorts.indices where server(index)?.ended == nil {
            for chunk in chunksOnDisk(index).keys where chunk.hasPrefix("\(name).") {
                guard TestFolder.areEqual("\(serverFolder(index))/\(chunk)", source) else {
                    throw FixtureError("server \(index) shows other bytes as \(chunk)")
                }
                holders.insert(index)
            }
        }
        return holders
    }

    /// What unfinished uploads have on the disks.
    func temporaries() -> [String] {
        serverPorts.indices.flatMap { TestFolder.names(in: "\(serverFolder($0))/.dfs/tmp") }
    }

    /// Makes an empty file beside the chunks of server `index`.
    fileprivate func makeFile(in index: Int, _ name: String) throws -> URL {
        let path = "\(serverFolder(index))/.dfs/\(name)"
        guard FileManager.default.createFile(atPath: path, contents: nil) else {
            throw FixtureError("cannot make \(path)")
        }
        return URL(filePath: path)
    }
}
