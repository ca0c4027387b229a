import Foundation
import Testing

extension ClusterTests {
    /// `put -receipt` and `verify`.
    @Suite struct ReceiptTests {
        @Test func treesAndPipesLeaveReceiptsThatAreProvenOnlineAndOffline() async throws {
            try await Cluster.run { cluster in
                _ = try cluster.folder.folder("tree/sub")
                let source = try cluster.folder.randomFile("tree/sub/two", bytes: (2 << 20) + 7)
                _ = try cluster.folder.randomFile("tree/empty", bytes: 0)
                let receipts = cluster.folder.file("receipts")
                #expect(
                    try await cluster.client("put", "-r", "-receipt", receipts, cluster.folder.file("tree"), "t").status
                        == 0)
                #expect(
                    try await cluster.shell("\"$dfs\" put -receipt '\(receipts)' - piped < '\(source)'").status == 0)
                let lines = try String(contentsOfFile: receipts, encoding: .utf8).split(separator: "\n")
                #expect(lines.count == 3)

                let online = try await cluster.client("verify", receipts)
                #expect(online.status == 0 && online.stdout == "3 receipts: 3 proven, 0 not\n")
                let folders = ["-dir", cluster.serverFolder(0), "-dir", cluster.serverFolder(1)]
                try await cluster.stopMaster()
                let offline = try await cluster.finish(
                    cluster.startClient(["verify"] + folders + ["-json", receipts]))
                #expect(offline.status == 0)
                #expect(offline.stdout == "{\"receipts\":3,\"proven\":3,\"problems\":0}\n")
            }
        }

        @Test func damageIsNamedAndIsAFailure() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: (1 << 20) + 1)
                let receipts = cluster.folder.file("receipts")
                #expect(try await cluster.client("put", "-receipt", receipts, source, "f").status == 0)
                let chunk = try #require(
                    cluster.chunksOnDisk(0).keys.first { $0.hasPrefix("f.") && $0.hasSuffix("_0") })
                let path = "\(cluster.serverFolder(0))/\(chunk)"
                var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
                bytes[4321] ^= 1
                try bytes.write(to: URL(fileURLWithPath: path))

                let online = try await cluster.client("verify", receipts)
                #expect(online.status == 1)
                #expect(online.stdout.hasPrefix("f: different: chunk \(chunk): \(cluster.serverAddress(0)): "))
                let offline = try await cluster.client("verify", "-json", "-dir", cluster.serverFolder(0), receipts)
                #expect(offline.status == 1)
                #expect(offline.stdout.contains("\"kind\":\"different\",\"chunk\":\"\(chunk)\",\"place\":\"\(path)\""))
                #expect(try await cluster.client("verify", "-quick", receipts).status == 0)
                #expect(try await cluster.client("rm", "f").status == 0)
                let gone = try await cluster.client("verify", "-quick", receipts)
                #expect(gone.status == 1 && gone.stdout.hasPrefix("f: no-such-file: "))
                #expect(try await cluster.client("verify", cluster.folder.file("none")).status == 3)
            }
        }
    }
}
