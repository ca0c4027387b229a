import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// The sessions of the runbook, word for word, each in the situation that it is for.
    @Suite struct RunbookTests {
        private static let situations: Set = [
            "A chunk server is lost", "A disk dies", "The master's disk is full", "Deletions are held",
            "A backup must be restored",
        ]
        /// A third server, so that there is one to copy to when one is lost.
        private static let setup = Cluster.Setup(chunkServers: 3)

        @Test func eachSessionIsRunHere() throws {
            let sessions = try ConsoleSession.all(in: "docs/operations/runbook.md")
            #expect(Set(sessions.map(\.heading)) == Self.situations)
            #expect(sessions.count == Self.situations.count)
        }

        @Test func aChunkServerIsLost() async throws {
            try await Cluster.run(Self.setup) { cluster in
                try await putFiles(cluster)
                try await cluster.killServer(2)
                try await awaitDead(cluster)
                try await play("A chunk server is lost", cluster)
                try await expectFiles(cluster)
            }
        }

        @Test func aDiskDies() async throws {
            try await Cluster.run(Self.setup) { cluster in
                try await putFiles(cluster)
                try await cluster.killServer(2)
                try FileManager.default.removeItem(atPath: cluster.serverFolder(2))
                try await play("A disk dies", cluster)
                try await expectFiles(cluster)
            }
        }

        @Test(.enabled(if: Tmpfs.isAllowed, "mounting a tmpfs needs root"))
        func theMastersDiskIsFull() async throws {
            try await Cluster.run(Self.setup) { cluster in
                try await cluster.stopMaster()
                let disk = try cluster.folder.folder("disk")
                try await Tmpfs.run(at: disk, mebibytes: 8) {
                    try FileManager.default.moveItem(atPath: cluster.metaFolder, toPath: "\(disk)/meta")
                    try FileManager.default.createSymbolicLink(
                        atPath: cluster.metaFolder, withDestinationPath: "\(disk)/meta")
                    let backups = "\(disk)/backups"
                    try await cluster.startMaster(extra: ["-backup-dir", backups, "-backup-interval", "1s"])
                    try await cluster.awaitJoined()
                    try await putFiles(cluster)
                    try await eventually("a backup") {
                        TestFolder.names(in: backups).contains { $0.hasSuffix(".sqlite") }
                    }
                    // One of a time with more files.
                    try Data(count: 2 << 20).write(to: URL(filePath: "\(backups)/metadata-0-20260101T000000Z.sqlite"))
                    try await fill(disk, cluster)
                    try await play("The master's disk is full", cluster, backups: backups)
                    try await expectFiles(cluster)
                    try await cluster.client("put", "-f", cluster.folder.file("file-1"), "file-1").expectSuccess()
                    try await stopStarted(cluster)
                }
            }
        }

        @Test func deletionsAreHeld() async throws {
            try await Cluster.run(Self.setup) { cluster in
                try await cluster.stopServer(0)
                try await cluster.startServer(0, extra: ["-deletion-share", "1", "-deletion-minimum", "1"])
                try await cluster.awaitJoined()
                try await putFiles(cluster)
                // A copy of each on the server that holds deletions back.
                for number in 1...3 { try await cluster.client("setrep", "3", "file-\(number)").expectSuccess() }
                try await eventually("three copies") {
                    try await cluster.client("fsck").stdout.contains("3 healthy, 0 under-replicated")
                        && cluster.chunksOnDisk(0).count >= 3
                }
                try await cluster.client("rm", "file-1", "file-2", "file-3").expectSuccess()
                try await cluster.client("trash", "empty").expectSuccess()
                try await eventually("held deletions") {
                    cluster.server(0)?.stderr.contains("release-deletions") ?? false
                }
                // The other servers have carried out theirs, so all were ordered.
                try await eventually("no chunks elsewhere") {
                    cluster.chunksOnDisk(1).isEmpty && cluster.chunksOnDisk(2).isEmpty
                }
                #expect(!cluster.chunksOnDisk(0).isEmpty)
                try await play("Deletions are held", cluster, server: 0)
                try await eventually("no chunk that was deleted") { cluster.chunksOnDisk(0).isEmpty }
            }
        }

        @Test func aBackupMustBeRestored() async throws {
            try await Cluster.run(Self.setup) { cluster in
                try await putFiles(cluster)
                let backups = cluster.folder.file("backups")
                try await cluster.stopMaster()
                try await cluster.startMaster(extra: ["-backup-dir", backups, "-backup-interval", "1s"])
                try await eventually("a backup") {
                    TestFolder.names(in: backups).contains { $0.hasSuffix(".sqlite") }
                }
                try await cluster.killMaster()
                try Data("no database".utf8).write(to: URL(filePath: "\(cluster.metaFolder)/metadata.sqlite"))
                try await play("A backup must be restored", cluster, backups: backups)
                try await expectFiles(cluster)
                try await stopStarted(cluster)
            }
        }
    }
}

extension ClusterTests.RunbookTests {
    /// Three files, and nothing else.
    private func putFiles(_ cluster: Cluster) async throws {
        try await cluster.client("rm", "*").expectSuccess()
        try await cluster.client("trash", "empty").expectSuccess()
        for number in 1...3 {
            let source = try cluster.folder.randomFile("file-\(number)", bytes: number * 100_000)
            try await cluster.put(source, as: "file-\(number)")
        }
    }

    private func expectFiles(_ cluster: Cluster) async throws {
        for number in 1...3 {
            let source = cluster.folder.file("file-\(number)")
            #expect(try await cluster.outcome(of: "file-\(number)", source: source) == .whole)
        }
    }

    private func awaitDead(_ cluster: Cluster) async throws {
        try await eventually("a dead server") { try await cluster.client("df").stdout.contains("2 of 3 alive") }
    }

    /// Leaves no byte on the disk, and waits until the master has ended for that.
    private func fill(_ disk: String, _ cluster: Cluster) async throws {
        let filling = try ChildProcess(
            "/bin/sh", ["-c", "cat /dev/zero > '\(disk)/filler'"], log: cluster.folder.file("filling"))
        #expect(try await filling.waitForEnd() != .exited(0))
        try await eventually("the end of a master without room") {
            _ = try await cluster.client("mkdir", "more-\(cluster.nextRun())", within: .seconds(60))
            return cluster.master?.ended == .exited(1)
        }
        #expect(cluster.master?.stderr.contains("full") ?? false, "\(cluster.master?.stderr ?? "")")
    }

    /// Runs the session below `heading`. Commands that start a node run on, as `cluster` knows; all others must end with 0 and
    /// print what is shown.
    private func play(_ heading: String, _ cluster: Cluster, server: Int = 2, backups: String = "") async throws {
        let sessions = try ConsoleSession.all(in: "docs/operations/runbook.md")
        let session = try #require(sessions.first { $0.heading == heading })
        #expect(session.steps.count > 1)
        let folder = try cluster.folder.folder("session")
        let environment = [
            "PATH": "\(BuiltBinaries.folder):/usr/bin:/bin", "DFS_MASTER": cluster.masterAddress,
            "SERVER": cluster.serverAddress(server), "DIR": cluster.serverFolder(server),
            "NEW": cluster.folder.file("new"), "META": cluster.metaFolder, "BACKUPS": backups,
        ].merging(cluster.settings) { $1 }
        for (number, step) in session.steps.enumerated() {
            let isNode = ["dfs-chunkserver ", "dfs-master -listen "].contains { step.command.hasPrefix($0) }
            let shell = try ChildProcess(
                "/bin/sh", ["-c", "cd '\(folder)' && \(isNode ? "exec " : "")\(step.command)"],
                log: cluster.folder.file("step-\(number)"), environment: environment)
            if isNode {
                try await cluster.adopt(shell, step.command.hasPrefix("dfs-master") ? nil : server)
            } else {
                #expect(try await shell.waitForEnd() == .exited(0), "\(step.command): \(shell.stderr)")
                #expect(shell.stdout == step.output, "\(step.command): \(shell.stderr)")
            }
        }
    }

    /// A master that must be gone before its disk is.
    private func stopStarted(_ cluster: Cluster) async throws { try await cluster.stopMaster() }
}

extension Cluster.ClientResult {
    fileprivate func expectSuccess() {
        #expect(status == 0, "\(stderr)")
    }
}
