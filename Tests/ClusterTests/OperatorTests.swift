import Foundation
import Testing

extension ClusterTests {
    /// `df` and `fsck`.
    @Suite struct OperatorTests {
        @Test func dfTellsOfServersThatLiveAndThatFellSilent() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: (1 << 20) + 1)
                try await cluster.put(source, as: "f")
                let before = try await cluster.client("df")
                #expect(before.status == 0)
                let lines = before.stdout.split(separator: "\n").map { $0.split(separator: " ") }
                #expect(lines.count == 3)
                for index in 0...1 {
                    let line = try #require(lines.first { $0[0] == cluster.serverAddress(index) })
                    #expect(line[1] == "swift" && line[4] == "alive")
                    #expect(Int(line[2]) ?? 0 > 1 << 20 && Int(line[3]) ?? 0 >= 2)
                }
                #expect(before.stdout.hasSuffix(" 2 of 2 alive\n"))
                try await cluster.killServer(1)
                try await eventually("a dead server") {
                    try await cluster.client("df").stdout.contains("1 of 2 alive")
                }
                let after = try await cluster.client("df", "-json")
                let objects = try after.stdout.split(separator: "\n").map { line in
                    try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                }
                #expect(objects.count == 3)
                let dead = try #require(objects.first { $0["address"] as? String == cluster.serverAddress(1) })
                #expect(dead["isAlive"] as? Bool == false)
                let silence = Date().timeIntervalSince1970 - Double(dead["lastHeardAt"] as? Int ?? 0)
                #expect(silence > 1 && silence < 600)
                #expect(objects[2]["liveServers"] as? Int == 1 && objects[2]["servers"] as? Int == 2)
                #expect(try await cluster.client("df").stdout.contains("silent since 20"))
            }
        }

        @Test func fsckTellsOfEachStateAndFailsWhereSomethingIsMissing() async throws {
            try await Cluster.run { cluster in
                #expect(try await cluster.client("rm", "-r", "*").status == 0)
                let source = try cluster.folder.randomFile("in", bytes: (2 << 20) + 1)
                try await cluster.put(source, as: "d/two")
                #expect(try await cluster.client("-replication", "1", "put", source, "d/one").status == 0)
                #expect(try await cluster.shell("mkfifo pipe").status == 0)
                let put = try ChildProcess(
                    "/bin/sh", ["-c", "$dfs put - e/open < '\(cluster.folder.file("pipe"))'"],
                    log: cluster.folder.file("open"),
                    environment: cluster.clientEnvironment)
                let writer = try ChildProcess(
                    "/bin/sh",
                    ["-c", "exec 3> '\(cluster.folder.file("pipe"))'; read x < '\(cluster.folder.file("pipe"))'"],
                    log: cluster.folder.file("writer"))
                try await eventually("an open file") {
                    try await cluster.client("fsck").stdout.contains("open 0 0 e/open")
                }
                let all = try await cluster.client("fsck")
                #expect(all.status == 0)
                #expect(
                    all.stdout == """
                        healthy 2097153 3 d/one
                        healthy 2097153 3 d/two
                        open 0 0 e/open
                        3 files: 2 healthy, 0 under-replicated, 0 missing, 1 open

                        """)
                let long = try await cluster.client("fsck", "-l", "d/t*")
                #expect(long.stdout.split(separator: "\n").count { $0.hasSuffix(" 2/2") } == 3)
                #expect(long.stdout.contains(cluster.serverAddress(0)))
                writer.send(SIGKILL)
                try await put.waitForEnd()

                try await cluster.killServer(0)
                try await eventually("missing copies") {
                    try await cluster.client("fsck", "d/two").stdout.contains("under-replicated 2097153 3 d/two")
                }
                try await cluster.killServer(1)
                try await eventually("missing chunks") {
                    try await cluster.client("fsck", "d/two").stdout.hasPrefix("missing 2097153 3 d/two")
                }
                let missing = try await cluster.client("fsck", "-json", "d")
                #expect(missing.status == 1 && missing.stderr.contains("2 of 2 files"))
                #expect(
                    missing.stdout.hasSuffix(
                        "{\"files\":2,\"healthy\":0,\"under-replicated\":0,\"missing\":2,\"open\":0}\n"))
                let absent = try await cluster.client("fsck", "absent")
                #expect(absent.status == 3 && absent.stderr.contains("absent"))
            }
        }
    }
}
