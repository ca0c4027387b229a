import Foundation
import Testing

extension ClusterTests {
    /// `admin` and `setrep` on real processes.
    @Suite struct AdminTests {
        private func report(_ cluster: Cluster) async throws -> [String: Any] {
            let lines = try await cluster.client("admin", "report", "--json").stdout.split(separator: "\n")
            let last = try #require(lines.last)
            return try #require(try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
        }

        private func balance(_ cluster: Cluster) async throws -> [String: Any] {
            try #require(try await report(cluster)["balance"] as? [String: Any])
        }

        /// Copies of files' chunks on all disks.
        private func copyCount(_ cluster: Cluster) -> Int {
            cluster.serverPorts.indices.reduce(0) { $0 + cluster.chunksOnDisk($1).count }
        }

        private func putFiles(_ count: Int, _ cluster: Cluster) async throws -> String {
            let source = try cluster.folder.randomFile("in", bytes: (1 << 20) + 77)
            for number in 0..<count { try await cluster.put(source, as: "f\(number)") }
            return source
        }

        @Test func aDecommissionedServerCanBeStoppedAndNothingIsMissing() async throws {
            var setup = Cluster.Setup()
            setup.chunkServers = 3
            try await Cluster.run(setup) { cluster in
                let source = try await putFiles(6, cluster)
                let address = cluster.serverAddress(0)
                let done = try await cluster.client("admin", "decommission", address, "-wait")
                #expect(done.status == 0, "\(done.stderr)")
                #expect(done.stdout == "\(address) decommissioned: can be stopped\n")
                let held = cluster.chunksOnDisk(0)
                #expect(!held.isEmpty, "its copies are kept")
                for chunk in held.keys {
                    #expect((1...2).allSatisfy { cluster.chunksOnDisk($0)[chunk] != nil }, "\(chunk)")
                }
                try await cluster.put(source, as: "later")
                #expect(cluster.chunksOnDisk(0).count == held.count)
                try await cluster.stopServer(0)
                for name in ["f0", "f5", "later"] {
                    #expect(try await cluster.outcome(of: name, source: source) == .whole)
                }
                #expect(try await cluster.client("fsck").stdout.contains("0 under-replicated, 0 missing"))
                let again = try await cluster.client("admin", "decommission", address, "-json")
                #expect(again.stdout.contains(#""state":"decommissioned","isReady":true"#))
                let line = try await cluster.client("admin", "report").stdout.split(separator: "\n").first {
                    $0.contains(address)
                }
                #expect(try #require(line).contains("decommissioned"))
                #expect(cluster.master?.stderr.contains("chunk server has another state") == true)
            }
        }

        @Test func whatBlocksIsToldAndSurvivesTheMaster() async throws {
            try await Cluster.run { cluster in
                _ = try await putFiles(1, cluster)
                let address = cluster.serverAddress(1)
                let begun = try await cluster.client("admin", "decommission", address)
                #expect(begun.status == 0)
                try await eventually("blocking chunks") {
                    let shown = try await cluster.client("admin", "decommission", address).stdout
                    return shown.contains("chunks need copies elsewhere") && shown.contains(" 1/2 f0\n")
                        && shown.contains("add chunk servers")
                }
                try await cluster.killMaster()
                try await cluster.startMaster()
                try await eventually("the state, from the store") {
                    try await cluster.client("admin", "report").stdout.contains("decommissioning")
                }
                try await eventually("the server back in service") {
                    try await cluster.client("admin", "recommission", address).stdout == "\(address) normal\n"
                }
                let unknown = try await cluster.client("admin", "decommission", "127.0.0.1:1")
                #expect(unknown.status == 3 && unknown.stderr.contains("127.0.0.1:1"))
                #expect(try await cluster.client("admin", "maintenance", address).stderr.contains("-for"))
                #expect(try await cluster.client("admin", "frobnicate").status != 0)
            }
        }

        @Test func aServerInMaintenanceMayBeAwayWithoutCopiesBeingMade() async throws {
            var setup = Cluster.Setup()
            setup.chunkServers = 3
            try await Cluster.run(setup) { cluster in
                let source = try await putFiles(6, cluster)
                let address = cluster.serverAddress(0)
                let ready = try await cluster.client("admin", "maintenance", address, "-for", "1h", "-wait")
                #expect(ready.status == 0 && ready.stdout.contains("can be stopped"), "\(ready.stderr)")
                let before = copyCount(cluster)
                try await cluster.stopServer(0)
                try await eventually("a dead server") {
                    try await report(cluster)["underChunks"] as? Int ?? 0 > 0
                }
                #expect(try await report(cluster)["repairQueue"] as? Int == 0)
                #expect(try await report(cluster)["copyingChunks"] as? Int == 0)
                #expect(copyCount(cluster) == before)
                #expect(try await cluster.outcome(of: "f3", source: source) == .whole)
                #expect(try await cluster.client("admin", "recommission", address).status == 0)
                try await eventually("the copies, now that it is really away") {
                    try await report(cluster)["underChunks"] as? Int == 0
                }
                #expect(copyCount(cluster) > before)
            }
        }

        @Test func balancingFillsAnEmptyServerAndEndsByItself() async throws {
            var setup = Cluster.Setup()
            setup.chunkServers = 3
            try await Cluster.run(setup) { cluster in
                #expect(try await cluster.client("rm", "-r", "*").status == 0)
                #expect(try await cluster.client("trash", "empty").status == 0)
                // Kept free of chunks until the files are there.
                let address = cluster.serverAddress(2)
                #expect(try await cluster.client("admin", "decommission", address, "-wait").status == 0)
                let source = try await putFiles(12, cluster)
                #expect(try await cluster.client("admin", "recommission", address).status == 0)
                try await eventually("an empty server") { cluster.chunksOnDisk(2).isEmpty }
                let before = copyCount(cluster)
                let begun = try await cluster.client(
                    "admin", "balance", "-threshold", "0.0001", "-rate", "100MB", "-json")
                #expect(begun.status == 0 && begun.stdout.contains(#""isRunning":true"#), "\(begun.stderr)")
                try await eventually(within: .seconds(120), "the end of balancing") {
                    try await balance(cluster)["isRunning"] as? Bool == false
                }
                let moved = try #require(try await balance(cluster)["moved"] as? Int)
                #expect(moved >= 6)
                try await eventually("as many copies as before") { copyCount(cluster) == before }
                let filled = cluster.chunksOnDisk(2).values.reduce(0, +) >> 20
                #expect((6...10).contains(filled), "a third of 24 MiB, and not \(filled)")
                for number in 0..<12 {
                    #expect(try await cluster.outcome(of: "f\(number)", source: source) == .whole)
                }
                #expect(try await cluster.client("fsck").stdout.contains("0 under-replicated, 0 missing"))
                let bad = try await cluster.client("admin", "balance", "-threshold", "101")
                #expect(bad.status == 2 && bad.stderr.contains("from 0 to 100"))
                for mistake in [
                    ["repair", "-rate", "50MB"], ["decommission", address, "-for", "2h"], ["balance", "-wait"],
                ] {
                    let run = try await cluster.finish(cluster.startClient(["admin"] + mistake))
                    #expect(run.status == 2 && run.stderr.contains("not for admin \(mistake[0])"), "\(run.stderr)")
                }
                #expect(try await cluster.client("admin", "balance", "-stop").stdout.hasPrefix("balance off"))
            }
        }

        @Test func aFileGetsAsManyCopiesAsIsAskedForMoreOrFewer() async throws {
            var setup = Cluster.Setup()
            setup.chunkServers = 3
            try await Cluster.run(setup) { cluster in
                #expect(try await cluster.client("rm", "-r", "*").status == 0)
                #expect(try await cluster.client("trash", "empty").status == 0)
                try await eventually("empty disks") { copyCount(cluster) == 0 }
                let source = try await putFiles(1, cluster)
                #expect(copyCount(cluster) == 4)
                #expect(try await cluster.client("setrep", "3", "f0").status == 0)
                try await eventually("three copies of two chunks") { copyCount(cluster) == 6 }
                #expect(try await cluster.client("setrep", "1", "f0").status == 0)
                try await eventually("one copy of two chunks") { copyCount(cluster) == 2 }
                #expect(try await cluster.outcome(of: "f0", source: source) == .whole)
                try await eventually("a healthy file") {
                    try await cluster.client("fsck", "f0").stdout.hasPrefix("healthy ")
                }
            }
        }
    }
}
