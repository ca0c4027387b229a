import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// Puts that are interrupted by force and resumed.
    @Suite struct ResumedPutTests {
        private static let chunkCount = 96
        private static let byteCount = chunkCount << 20

        /// Starts a put -resume and kills it once both servers have some chunks.
        ///
        /// - Returns: the chunks that both had just before.
        private func interrupt(_ cluster: Cluster, _ source: String, as name: String) async throws -> Set<String> {
            let put = try cluster.startClient(["put", "-resume", source, name])
            let stored = try await eventually("some chunks on both servers") {
                let stored = common(cluster, name)
                return stored.count > 4 ? stored : nil
            }
            try await put.kill()
            #expect(try await cluster.finish(put).status == 128 + SIGKILL)
            #expect(stored.count < Self.chunkCount)
            return stored
        }

        private func common(_ cluster: Cluster, _ name: String) -> Set<String> {
            let names = (0...1).map { Set(cluster.chunksOnDisk($0).keys.filter { $0.hasPrefix("\(name).") }) }
            return names[0].intersection(names[1])
        }

        /// How many chunks the put says it has sent; each is one mebibyte.
        private func sentChunks(_ result: Cluster.ClientResult) throws -> Int {
            let words = result.stdout.split { $0 == " " || $0 == "," || $0 == "\n" }
            let sent = try #require(words.firstIndex(of: "sent:"))
            let (bytes, chunks) = (try #require(Int(words[sent + 1])), try #require(Int(words[sent + 4])))
            #expect(bytes == chunks << 20)
            return chunks
        }

        @Test(arguments: [false, true])
        func onlyMissingChunksAreSentAfterTheClientWasKilled(restartsMaster: Bool) async throws {
            // Long enough for servers to return while the client waits for them.
            try await Cluster.run(.init(liveThreshold: "60s")) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: Self.byteCount)
                let stored = try await interrupt(cluster, source, as: "f")
                if restartsMaster {
                    try await cluster.killMaster()
                    try await cluster.startMaster()
                }
                let before = try modificationTimes(cluster, stored)
                let result = try await resume(cluster, source)
                #expect(result.status == 0, "\(result.stderr)")
                #expect(try sentChunks(result) <= Self.chunkCount - stored.count)
                #expect(try modificationTimes(cluster, stored) == before, "they were not written again")
                #expect(try await cluster.outcome(of: "f", source: source) == .whole)
                // It is done, and stays so.
                let again = try await cluster.client("put", "-resume", source, "f")
                #expect(again.status == 0, "\(again.stderr)")
                #expect(try sentChunks(again) == 0)
            }
        }

        /// The master may see a moment later than the next client that the connection of the one before is gone.
        private func resume(_ cluster: Cluster, _ source: String) async throws -> Cluster.ClientResult {
            try await eventually("the end of the killed client's connection") {
                let result = try await cluster.client("put", "-resume", source, "f")
                return result.stderr.contains("being written by another client") ? nil : result
            }
        }

        private func modificationTimes(_ cluster: Cluster, _ chunks: Set<String>) throws -> [String: Date] {
            var times: [String: Date] = [:]
            for index in 0...1 {
                for chunk in chunks {
                    let path = "\(cluster.serverFolder(index))/\(chunk)"
                    times[path] = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
                }
            }
            return times
        }

        @Test func aFileThatWasChangedMeanwhileIsStoredAsItIsNow() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: Self.byteCount)
                let stored = try await interrupt(cluster, source, as: "f")
                let file = try #require(FileHandle(forUpdatingAtPath: source))
                try file.seek(toOffset: 17)
                try file.write(contentsOf: Data([1, 2, 3, 4, 5, 6, 7, 8]))
                try file.close()
                let result = try await resume(cluster, source)
                #expect(result.status == 0, "\(result.stderr)")
                #expect(try sentChunks(result) == Self.chunkCount)
                #expect(try await cluster.outcome(of: "f", source: source) == .whole)
                // Those of the first upload go.
                try await eventually("the deletion of the first upload's chunks") {
                    (0...1).allSatisfy { stored.isDisjoint(with: cluster.chunksOnDisk($0).keys) }
                }
            }
        }

        @Test func whatIsKeptGoesWhenItsTimeIsOver() async throws {
            try await Cluster.run { cluster in
                try await cluster.killMaster()
                try await cluster.startMaster(extra: ["-upload-keep", "11s"])
                try await cluster.awaitJoined()
                let source = try cluster.folder.randomFile("in", bytes: Self.byteCount)
                let stored = try await interrupt(cluster, source, as: "f")
                #expect(!stored.isEmpty)
                try await eventually(within: .seconds(60), "the deletion of all chunks") {
                    (0...1).allSatisfy { cluster.chunksOnDisk($0).keys.allSatisfy { !$0.hasPrefix("f.") } }
                }
                try await cluster.put(source, as: "f")
            }
        }

        @Test func aPutWithoutResumeTakesTheNameOver() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: Self.byteCount)
                _ = try await interrupt(cluster, source, as: "f")
                let other = try cluster.folder.randomFile("other", bytes: 5000, seed: 7)
                try await eventually("the end of the killed client's connection") {
                    try await cluster.client("put", other, "f").status == 0
                }
                #expect(try await cluster.outcome(of: "f", source: other) == .whole)
            }
        }

        @Test func whatCannotBeResumedIsRefused() async throws {
            try await Cluster.run { cluster in
                #expect(try await cluster.client("put", "-resume", "-", "f").status == 2)
                let folder = try cluster.folder.folder("tree")
                #expect(try await cluster.client("put", "-resume", "-r", folder, "f").status == 2)
            }
        }
    }
}
