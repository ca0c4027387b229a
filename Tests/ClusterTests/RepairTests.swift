import Foundation
import Testing

extension ClusterTests {
    /// `admin repair`, and what a lost server's chunks become.
    @Suite struct RepairTests {
        private func status(_ cluster: Cluster, _ arguments: [String] = []) async throws -> [String: Any] {
            let run = try await cluster.finish(cluster.startClient(["admin", "repair", "-json"] + arguments))
            guard run.status == 0 else { throw FixtureError("admin repair failed: \(run.stderr)") }
            return try #require(try JSONSerialization.jsonObject(with: Data(run.stdout.utf8)) as? [String: Any])
        }

        @Test func limitsAreChangedInTheRunningMasterAndALostServerIsRestored() async throws {
            var setup = Cluster.Setup()
            setup.chunkServers = 3
            try await Cluster.run(setup) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: (8 << 20) + 1)
                try await cluster.put(source, as: "f")
                #expect(try await status(cluster)["maxBytesPerSecond"] as? Int == 0)
                let changed = try await status(cluster, ["-cluster-rate", "64MB", "-source-copies", "2"])
                #expect(changed["maxBytesPerSecond"] as? Int == 64 << 20 && changed["copiesPerSource"] as? Int == 2)
                #expect(try await status(cluster)["copiesPerSource"] as? Int == 2, "it stays")
                let refused = try await cluster.client("admin", "repair", "-source-copies", "0")
                #expect(refused.status != 0 && refused.stderr.contains("give 1 to 100"))
                #expect(try await cluster.client("admin", "mend").status != 0)

                try await cluster.killServer(1)
                try await eventually("the copies of the lost server, restored") {
                    let status = try await status(cluster)
                    return status["lastRestorationMilliseconds"] as? Int ?? 0 >= 2000
                        && status["lostServerCount"] as? Int == 0
                }
                let after = try await status(cluster)
                #expect(after["doneCopies"] as? Int ?? 0 > 0 && after["doneBytes"] as? Int ?? 0 > 0)
                #expect(after["lastDetectionMilliseconds"] as? Int ?? 0 >= 2000)
                let text = try await cluster.client("admin", "repair")
                #expect(
                    text.stdout.contains("limits: 2 copies a source") && text.stdout.contains("64MB/s in the cluster"))
                #expect(try await cluster.client("fsck", "f").stdout.hasPrefix("healthy"))
            }
        }
    }
}
