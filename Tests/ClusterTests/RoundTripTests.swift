import DFSCore
import Foundation
import Testing

extension ClusterTests {
    /// Files go in and come out as they were.
    @Suite struct RoundTripTests {
        @Test func filesOfEverySizeAroundChunkBordersComeBack() async throws {
            try await Cluster.run { cluster in
                let mebibyte = 1 << 20
                for bytes in [0, 1, 64 << 10, mebibyte - 1, mebibyte, mebibyte + 1, 5 * mebibyte + 7] {
                    let source = try cluster.folder.randomFile("in-\(bytes)", bytes: bytes)
                    try await cluster.put(source, as: "size-\(bytes)")
                    #expect(try await cluster.outcome(of: "size-\(bytes)", source: source) == .whole)
                }
            }
        }

        @Test func bothServersHoldEveryChunkWhenPutReturns() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 3 << 20)
                try await cluster.put(source, as: "twice")
                for index in 0...1 {
                    let sizes = cluster.chunksOnDisk(index).filter { $0.key.hasPrefix("twice.") }
                    #expect(sizes.values.sorted() == [1 << 20, 1 << 20, 1 << 20])
                }
            }
        }

        @Test func writerMayAskForAnotherNumberOfReplicas() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 2 << 20)
                for (name, arguments, environment) in [
                    ("flagged", ["-replication", "1"], [:]), ("variable", [], ["DFS_REPLICATION": "1"]),
                ] {
                    let put = try cluster.startClient(arguments + ["put", source, name], environment: environment)
                    #expect(try await cluster.finish(put).status == 0)
                    let copies = (0...1).map { index in
                        cluster.chunksOnDisk(index).filter { $0.key.hasPrefix("\(name).") }.count
                    }
                    #expect(copies.reduce(0, +) == 2)
                    #expect(try await cluster.outcome(of: name, source: source) == .whole)
                }
            }
        }

        @Test func statListsEveryChunkWithItsReplicas() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: (2 << 20) + 5)
                try await cluster.put(source, as: "shown")
                let stat = try await cluster.client("stat", "shown")
                #expect(stat.status == 0)
                #expect(stat.stdout.contains("\((2 << 20) + 5)"))
                let crc32c = hex(UInt64(CRC32C.of(try Data(contentsOf: URL(filePath: source)))), digits: 8)
                let lines = stat.stdout.split(separator: "\n")
                #expect(lines[0].hasSuffix(", crc32c \(crc32c)"))
                let json = try await cluster.client("stat", "-json", "shown")
                #expect(json.stdout.contains("\"crc32c\":\"\(crc32c)\",\"attributes\":{}"))
                for index in 0...2 { #expect(stat.stdout.contains("_\(index)")) }
                for index in 0...1 { #expect(stat.stdout.contains("\(cluster.serverPorts[index])")) }
            }
        }

        @Test func chunkOfTheUsualSizeAndOneByteMoreComesBack() async throws {
            try await Cluster.run(.init(chunkSize: "64MB")) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: (64 << 20) + 1)
                try await cluster.put(source, as: "large")
                #expect(try await cluster.outcome(of: "large", source: source) == .whole)
            }
        }

        @Test(arguments: [
            "folder/inner/file", "100%", "a%2Fb", "two words", " edge ", "ünï©ode", "-dash",
            String(repeating: "n", count: 300),
            "x.dfs", "a\nb", "quote\"s'", "_0",
        ])
        func namesOfAnyLookWork(name: String) async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 1000)
                let put = try await cluster.finish(try cluster.startClient(["put", "--", source, name]))
                #expect(put.status == 0, "\(put.stderr)")
                let target = try cluster.folder.folder("out")
                let get = try await cluster.finish(try cluster.startClient(["get", "--", name, target]))
                // Longer than any local file name: fetched nowhere, but with a clear word.
                if name.utf8.count > 255 {
                    #expect(get.status != 0 && get.stderr.contains("name"))
                    return
                }
                #expect(get.status == 0, "\(get.stderr)")
                #expect(TestFolder.areEqual("\(target)/\(name)", source))
            }
        }

        @Test func getReplacesWhatIsThereAndLeavesNothingElse() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 100_000)
                try await cluster.put(source, as: "again")
                let target = try cluster.folder.folder("out")
                for _ in 1...2 {
                    #expect(try await cluster.client("get", "again", target).status == 0)
                    #expect(TestFolder.names(in: target) == ["again"])
                    #expect(TestFolder.areEqual("\(target)/again", source))
                }
            }
        }
    }
}
