import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// `kill -9` at random points. The seed of a failing case stands in its arguments.
    @Suite struct CrashTests {
        @Test(arguments: UInt64(1)...6)
        func killedClientLeavesAFileWholeOrItsNameFree(seed: UInt64) async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 12 << 20, seed: seed)
                let usual = try await cluster.timePut(source, as: "usual")
                let put = try cluster.startClient(["put", source, "victim"])
                try await pause(seed: seed, upTo: usual)
                try await put.kill()
                try await cluster.expectWholeOrFree("victim", source: source)
            }
        }

        @Test(arguments: UInt64(1)...4)
        func killedClientDuringGetLeavesNoTargetFile(seed: UInt64) async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 12 << 20, seed: seed)
                let usual = try await cluster.timePut(source, as: "f")
                let target = try cluster.folder.folder("out")
                let get = try cluster.startClient(["get", "f", target])
                try await pause(seed: seed, upTo: usual)
                try await get.kill()
                if TestFolder.names(in: target).contains("f") {
                    #expect(TestFolder.areEqual("\(target)/f", source))
                }
                #expect(try await cluster.client("get", "f", target).status == 0)
                #expect(TestFolder.areEqual("\(target)/f", source))
            }
        }

        @Test(arguments: UInt64(1)...6)
        func putOutlivesAKilledChunkServer(seed: UInt64) async throws {
            try await Cluster.run(.init(chunkServers: 3)) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 12 << 20, seed: seed)
                let usual = try await cluster.timePut(source, as: "usual")
                let put = try cluster.startClient(["put", source, "f"])
                try await pause(seed: seed, upTo: usual)
                try await cluster.killServer(Int(seed % 3))
                let result = try await cluster.finish(put)
                if result.status == 0 {
                    // Acknowledged: there at once, and still when the dead server is back.
                    #expect(try await cluster.outcome(of: "f", source: source) == .whole)
                    try await cluster.startServer(Int(seed % 3))
                    #expect(try await cluster.outcome(of: "f", source: source) == .whole)
                } else {
                    #expect(!result.stderr.isEmpty)
                    try await cluster.startServer(Int(seed % 3))
                    try await cluster.awaitJoined()
                    try await cluster.expectWholeOrFree("f", source: source)
                }
            }
        }

        @Test(arguments: UInt64(1)...4)
        func getFallsOverWhenAChunkServerIsKilled(seed: UInt64) async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 24 << 20, seed: seed)
                let usual = try await cluster.timePut(source, as: "f")
                let target = try cluster.folder.folder("out")
                let get = try cluster.startClient(["get", "f", target])
                try await pause(seed: seed, upTo: usual)
                try await cluster.killServer(Int(seed % 2))
                let result = try await cluster.finish(get)
                #expect(result.status == 0, "\(result.stderr)")
                #expect(TestFolder.areEqual("\(target)/f", source))
            }
        }

        @Test(arguments: UInt64(1)...6)
        func masterKilledDuringPutForgetsNothingAcknowledged(seed: UInt64) async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 12 << 20, seed: seed)
                let usual = try await cluster.timePut(source, as: "before")
                let put = try cluster.startClient(["put", source, "f"])
                try await pause(seed: seed, upTo: usual)
                try await cluster.killMaster()
                try await cluster.startMaster()
                let result = try await cluster.finish(put)
                // Right after the restart: no waiting here.
                #expect(try await cluster.outcome(of: "before", source: source) == .whole)
                if result.status == 0 {
                    #expect(try await cluster.outcome(of: "f", source: source) == .whole)
                } else {
                    #expect(!result.stderr.isEmpty)
                    try await cluster.awaitJoined()
                    try await cluster.expectWholeOrFree("f", source: source)
                }
            }
        }

        @Test func restartedMasterOrdersNoDeletionOfWhatItDoesNotKnow() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 2 << 20)
                try await cluster.put(source, as: "f")
                let stray = "stray.0000000000000001_0"
                let bytes = FileManager.default.contents(atPath: source)
                try await cluster.killServer(0)
                #expect(FileManager.default.createFile(atPath: "\(cluster.serverFolder(0))/\(stray)", contents: bytes))
                try await cluster.startServer(0)
                // A master that has lost all its metadata knows none of the chunks.
                try await cluster.killMaster()
                try FileManager.default.removeItem(atPath: cluster.metaFolder)
                let before = [cluster.chunksOnDisk(0), cluster.chunksOnDisk(1)]
                try await cluster.startMaster()
                try await cluster.awaitJoined()
                // A put and a get later every server has sent its lists and taken its orders.
                try await cluster.put(source, as: "later")
                #expect(try await cluster.outcome(of: "later", source: source) == .whole)
                for index in 0...1 {
                    let after = cluster.chunksOnDisk(index)
                    for (chunk, size) in before[index] { #expect(after[chunk] == size, "\(chunk)") }
                }
            }
        }

        @Test func everyNodeKilledAtOnceLosesNothingAcknowledged() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 5 << 20)
                try await cluster.put(source, as: "f")
                try await cluster.killMaster()
                for index in 0...1 { try await cluster.killServer(index) }
                for index in 0...1 { try await cluster.startServer(index) }
                try await cluster.startMaster()
                try await cluster.awaitJoined()
                #expect(try await cluster.outcome(of: "f", source: source) == .whole)
            }
        }

        @Test func chunksOfADeadServerAreCopiedToAThird() async throws {
            try await Cluster.run(.init(chunkServers: 3)) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 6 << 20)
                try await cluster.put(source, as: "f")
                try await cluster.killServer(0)
                try await eventually(within: .seconds(60), "two replicas of every chunk on the two live servers") {
                    let names = [1, 2].map { index in
                        Set(cluster.chunksOnDisk(index).filter { $0.key.hasPrefix("f.") && $0.value == 1 << 20 }.keys)
                    }
                    return names[0].count == 6 && names[0] == names[1]
                }
                try await cluster.killServer(1)
                #expect(try await cluster.outcome(of: "f", source: source) == .whole)
            }
        }
    }
}

extension Cluster {
    /// Puts `source` and says how long that took, as the scale for random moments.
    func timePut(_ source: String, as name: String) async throws -> Duration {
        let start = ContinuousClock.now
        try await put(source, as: name)
        return ContinuousClock.now - start
    }
}

/// Lets a random part of `span` pass: the random moment is the point of these tests, nothing is awaited here.
private func pause(seed: UInt64, upTo span: Duration) async throws {
    var generator = SplitMix64(state: seed)
    try await Task.sleep(for: span * Double.random(in: 0...1.05, using: &generator))
}
