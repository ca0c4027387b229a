import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// Several clients at once, and clients that change their mind.
    @Suite struct ConcurrentClientTests {
        @Test func oneOfManyWritersOfANameWins() async throws {
            try await Cluster.run { cluster in
                let sources = try (0..<4).map {
                    try cluster.folder.randomFile("in\($0)", bytes: 3 << 20, seed: UInt64($0))
                }
                let puts = try sources.map { try cluster.startClient(["put", $0, "contested"]) }
                var statuses: [Int32] = []
                for put in puts { statuses.append(try await cluster.finish(put).status) }
                #expect(statuses.sorted() == [0, 4, 4, 4])
                let winner = try #require(statuses.firstIndex(of: 0))
                #expect(try await cluster.outcome(of: "contested", source: sources[winner]) == .whole)
            }
        }

        @Test func manyFilesMoveAtOnce() async throws {
            try await Cluster.run { cluster in
                let sources = try (0..<8).map {
                    try cluster.folder.randomFile("in\($0)", bytes: 2_500_000, seed: UInt64($0))
                }
                let puts = try sources.indices.map { try cluster.startClient(["put", sources[$0], "f\($0)"]) }
                for put in puts { #expect(try await cluster.finish(put).status == 0) }
                for (index, source) in sources.enumerated() {
                    #expect(try await cluster.outcome(of: "f\(index)", source: source) == .whole)
                }
            }
        }

        @Test func fileIsInvisibleUntilItsPutIsDone() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 48 << 20)
                let put = try cluster.startClient(["put", source, "slow"])
                try await eventually("the first chunk on disk") {
                    cluster.chunksOnDisk(0).contains { $0.key.hasPrefix("slow.") } || put.ended != nil
                }
                // Whole only where the put was quicker than this look at it; never a part.
                let seen = try await cluster.outcome(of: "slow", source: source)
                #expect(seen == .noSuchFile || put.ended == .exited(0))
                #expect(try await cluster.finish(put).status == 0)
                #expect(try await cluster.outcome(of: "slow", source: source) == .whole)
            }
        }

        @Test(arguments: [SIGINT, SIGTERM])
        func interruptedPutGivesItsNameBackAtOnce(signal: Int32) async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 48 << 20)
                let put = try cluster.startClient(["put", source, "f"])
                try await eventually("the first chunk on disk") {
                    cluster.chunksOnDisk(0).contains { $0.key.hasPrefix("f.") } || put.ended != nil
                }
                put.send(signal)
                let result = try await cluster.finish(put)
                if result.status != 0 { #expect(!result.stderr.isEmpty) }
                let small = try cluster.folder.randomFile("small", bytes: 10)
                #expect(try await cluster.client("put", small, "f").status == (result.status == 0 ? 4 : 0))
            }
        }

        @Test func anInterruptedPutOfATreeSaysWhatWasStored() async throws {
            try await Cluster.run { cluster in
                for index in 0..<4 { _ = try cluster.folder.randomFile("small\(index)", bytes: 10) }
                let shell = try await cluster.shell("mkdir tree && mv small* tree")
                #expect(shell.status == 0, "\(shell.stderr)")
                // Large enough to be still on its way.
                _ = try cluster.folder.randomFile("tree/z", bytes: 200 << 20)
                let put = try cluster.startClient(["put", "-r", cluster.folder.file("tree"), "t"])
                try await eventually("the first files") {
                    cluster.chunksOnDisk(0).keys.count { $0.hasPrefix("t") } > 15 || put.ended != nil
                }
                put.send(SIGINT)
                let result = try await cluster.finish(put)
                #expect(result.status == 1, "\(result.stdout)")
                let stored = try await cluster.client("ls", "t").stdout.split(separator: "\n")
                #expect(!stored.isEmpty && !stored.contains("z"))
                #expect(result.stdout == "t: \(stored.count) files, \(10 * stored.count) bytes\n")
                #expect(result.stderr.contains("was stopped") && !result.stderr.contains("CancellationError"))
            }
        }

        @Test func interruptedGetLeavesNothing() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 48 << 20)
                try await cluster.put(source, as: "f")
                let target = try cluster.folder.folder("out")
                let get = try cluster.startClient(["get", "f", target])
                try await eventually("the get under way") { !TestFolder.names(in: target).isEmpty || get.ended != nil }
                get.send(SIGINT)
                let result = try await cluster.finish(get)
                #expect(TestFolder.names(in: target) == (result.status == 0 ? ["f"] : []))
            }
        }

        @Test(arguments: [SIGKILL, SIGINT])
        func stoppedGetIsResumed(signal: Int32) async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: (48 << 20) + 5)
                try await cluster.put(source, as: "f")
                let target = try cluster.folder.folder("out")
                let get = try cluster.startClient(["get", "-resume", "f", target])
                try await eventually("two chunks") {
                    TestFolder.names(in: target).contains { cluster.folder.size(of: "out/\($0)") > 2 << 20 }
                        || get.ended != nil
                }
                get.send(signal)
                let stopped = try await cluster.finish(get)
                let again = try await cluster.client("-log-level", "debug", "get", "-resume", "f", target)
                #expect(again.status == 0, "\(again.stderr)")
                #expect(TestFolder.names(in: target) == ["f"] && TestFolder.areEqual("\(target)/f", source))
                if stopped.status != 0 { #expect(again.stderr.contains("an earlier get has left this chunk")) }
            }
        }

        @Test func serverKilledDuringUploadsKeepsNoTemporaryFile() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 48 << 20)
                let temporaries = "\(cluster.serverFolder(0))/.dfs/tmp"
                let put = try cluster.startClient(["put", source, "f"])
                try await eventually("an upload under way") {
                    !TestFolder.names(in: temporaries).isEmpty || put.ended != nil
                }
                try await cluster.killServer(0)
                try await cluster.startServer(0)
                _ = try await cluster.finish(put)
                try await cluster.awaitJoined()
                try await eventually("no temporary file") { TestFolder.names(in: temporaries).isEmpty }
                #expect(cluster.chunksOnDisk(0).values.allSatisfy { $0 == 1 << 20 || $0 == 0 })
            }
        }
    }
}
