import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// Backups that a running master makes by itself.
    @Suite struct BackupTests {
        private func flags(_ folder: String) -> [String] {
            ["-backup-dir", folder, "-backup-interval", "1s", "-backup-keep", "2"]
        }

        /// Restarts the master with backups every second.
        private func restart(_ cluster: Cluster, _ folder: String) async throws {
            try await cluster.killMaster()
            try await cluster.startMaster(extra: flags(folder))
        }

        /// Whole backups in the folder, oldest first.
        private func backups(_ folder: String) -> [String] {
            TestFolder.names(in: folder).filter { $0.hasPrefix("metadata-") && $0.hasSuffix("Z.sqlite") }
        }

        @Test func theNewestAreKeptAndOneOfThemIsTheStoreAgain() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: (1 << 20) + 1)
                try await cluster.put(source, as: "d/f")
                let folder = cluster.folder.file("backups")
                try await restart(cluster, folder)
                try Data("mine".utf8).write(to: URL(filePath: "\(folder)/notes"))
                var seen: Set<String> = []
                try await eventually("five backups") {
                    let names = backups(folder)
                    #expect(names.count <= 3, "two, and a new one before the oldest is gone")
                    seen.formUnion(names)
                    return seen.count >= 5
                }
                cluster.master?.send(SIGTERM)
                #expect(try await cluster.master?.waitForEnd(within: .seconds(20)) == .exited(0))
                // A graceful stop gives the one that is being written up; a crash leaves it.
                #expect(!TestFolder.names(in: folder).contains { $0.contains("partial") })
                let newest = try #require(backups(folder).last)
                let kept = backups(folder).count
                #expect(kept == 2 || kept == 3)
                try Data("half".utf8).write(to: URL(filePath: "\(folder)/\(newest).partial"))

                try FileManager.default.moveItem(atPath: cluster.metaFolder, toPath: cluster.folder.file("lost"))
                let restore = try ChildProcess(
                    BuiltBinaries.master, ["-meta-dir", cluster.metaFolder, "-restore", "\(folder)/\(newest)"],
                    log: cluster.folder.file("restore"))
                #expect(try await restore.waitForEnd() == .exited(0), "\(restore.stderr)")
                try await cluster.startMaster(extra: flags(folder))
                #expect(!TestFolder.names(in: folder).contains("\(newest).partial"))
                try await eventually("the file") {
                    try await cluster.outcome(of: "d/f", source: source) == .whole
                }
                try await eventually("a backup of the restored store") {
                    backups(folder).last.map { $0 > newest } ?? false
                }
                #expect(TestFolder.names(in: folder).contains("notes"))
            }
        }

        @Test func oneThatFailsIsToldAndTriedAgain() async throws {
            try await Cluster.run(.init(chunkServers: 0)) { cluster in
                let folder = cluster.folder.file("backups")
                try await restart(cluster, folder)
                try await eventually("a backup") { !backups(folder).isEmpty }
                try FileManager.default.moveItem(atPath: folder, toPath: cluster.folder.file("away"))
                try Data().write(to: URL(filePath: folder))
                try await eventually("an error in the log") {
                    cluster.master?.stderr.contains("level=ERROR msg=\"no backup was written") ?? false
                }
                try FileManager.default.removeItem(atPath: folder)
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
                try await eventually("a backup") { !backups(folder).isEmpty }
                #expect(cluster.master?.ended == nil)
            }
        }

        @Test func theAgeOfTheNewestIsShown() async throws {
            try await Cluster.run { cluster in
                let (folder, port) = (cluster.folder.file("backups"), try LoopbackPort.free())
                try await cluster.killMaster()
                try await cluster.startMaster(extra: flags(folder) + ["-http-listen", "127.0.0.1:\(port)"])
                let began = Date().timeIntervalSince1970
                try await eventually("a backup that the page shows") {
                    guard let page = try? await HTTPPage("/metrics", port: port) else { return false }
                    let newest = try PrometheusText(page.body).family("dfs_master_newest_backup_timestamp_seconds")
                    return newest?.samples.contains { $0.value >= began } ?? false
                }
            }
        }

        @Test func aMasterThatCannotKeepBackupsDoesNotStart() async throws {
            try await Cluster.run(.init(chunkServers: 0)) { cluster in
                let port = try LoopbackPort.free()
                let folder = cluster.folder.file("m2")
                let flags = ["-listen", "127.0.0.1:\(port)", "-meta-dir", folder]
                let bad = "\(cluster.metaFolder)/cluster-id/backups"
                try await cluster.expectRefusal(BuiltBinaries.master, flags + ["-backup-dir", bad], names: bad)
                for (setting, value) in [("-backup-interval", "0"), ("-backup-keep", "0"), ("-backup-keep", "-1")] {
                    let process = try ChildProcess(
                        BuiltBinaries.master, flags + ["-backup-dir", folder, setting, value],
                        log: cluster.folder.file("usage-\(cluster.nextRun())"))
                    #expect(try await process.waitForEnd() == .exited(2))
                    #expect(process.stderr.contains(setting), "\(process.stderr)")
                }
            }
        }
    }
}
