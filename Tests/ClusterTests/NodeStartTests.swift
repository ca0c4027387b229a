import Foundation
import Glibc
import TestCertificates
import Testing

extension ClusterTests {
    /// How servers start, refuse to start, and end.
    @Suite struct NodeStartTests {
        @Test(arguments: [SIGTERM, SIGINT])
        func signalEndsEveryNodeGracefully(signal: Int32) async throws {
            try await Cluster.run { cluster in
                for node in [cluster.server(0), cluster.server(1), cluster.master] {
                    node?.send(signal)
                    let end = try await node?.waitForEnd(within: .seconds(20))
                    #expect(end == .exited(0))
                }
            }
        }

        @Test func secondSignalEndsAtOnce() async throws {
            try await Cluster.run(.init(chunkServers: 1, chunkSize: "64MB", replication: 1)) { cluster in
                let reader = try await cluster.startStalledReader()
                let server = try #require(cluster.server(0))
                server.send(SIGTERM)
                try await eventually("the drain") { server.stderr.contains("a second signal ends at once") }
                server.send(SIGTERM)
                #expect(try await server.waitForEnd(within: .seconds(5)) == .signalled(SIGTERM))
                try await reader.kill()
            }
        }

        @Test func transferThatDoesNotEndIsCutAtTheLimit() async throws {
            try await Cluster.run(.init(chunkServers: 1, chunkSize: "64MB", replication: 1)) { cluster in
                try await cluster.stopServer(0)
                try await cluster.startServer(0, extra: ["-drain-limit", "300ms"])
                try await cluster.awaitJoined()
                let reader = try await cluster.startStalledReader()
                // Far less than the usual limit.
                try await cluster.stopServer(0, within: .seconds(8))
                try await reader.kill()
            }
        }

        @Test func stoppedMasterLeavesItsLogBroughtOver() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 100)
                try await cluster.put(source, as: "f")
                try await cluster.stopMaster()
                let left = TestFolder.names(in: cluster.metaFolder)
                #expect(left.contains("metadata.sqlite") && !left.contains("metadata.sqlite-wal"), "\(left)")
                try await cluster.startMaster()
                try await cluster.awaitJoined()
                #expect(try await cluster.outcome(of: "f", source: source) == .whole)
            }
        }

        @Test func hangupReadsLogLevelAndCertificatesAgain() async throws {
            let authority = try TestAuthority()
            try await Cluster.run(.init(chunkServers: 1, replication: 1, authority: authority)) { cluster in
                let level = cluster.folder.file("level")
                try "error".write(toFile: level, atomically: true, encoding: .utf8)
                try await cluster.stopMaster()
                try await cluster.startMaster(extra: ["-log-level-file", level])
                let master = try #require(cluster.master)
                let before = master.stderr.utf8.count
                master.send(SIGHUP)
                try "debug".write(toFile: level, atomically: true, encoding: .utf8)
                try await eventually("the new level") {
                    master.send(SIGHUP)
                    return master.stderr.utf8.dropFirst(before).count > 0
                }
                try await eventually("word of the certificates") {
                    master.stderr.contains("TLS certificates have not changed")
                }
                try "shout".write(toFile: level, atomically: true, encoding: .utf8)
                master.send(SIGHUP)
                try await eventually("a complaint") { master.stderr.contains("is not a log level") }
                let server = try #require(cluster.server(0))
                server.send(SIGHUP)
                try await eventually("word of the certificates") {
                    server.stderr.contains("TLS certificates have not changed")
                }
                _ = try authority.issue("node")
                server.send(SIGHUP)
                try await eventually("new certificates") { server.stderr.contains("TLS certificates read again") }
                try await cluster.awaitJoined()
            }
        }

        @Test func putRightAfterTheMasterStartedWaitsForChunkServers() async throws {
            try await Cluster.run(.init(liveThreshold: "30s")) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 2 << 20)
                for index in 0...1 { try await cluster.killServer(index) }
                try await cluster.killMaster()
                try await cluster.startMaster()
                let put = try cluster.startClient(["-log-level", "debug", "put", source, "f"])
                try await eventually("an answer that it shall wait") {
                    if put.ended != nil { throw FixtureError("the put ended: \(put.stderr)") }
                    return put.stderr.contains("the master is in safe mode")
                }
                for index in 0...1 { try await cluster.startServer(index) }
                #expect(try await cluster.finish(put).status == 0, "\(put.stderr)")
                #expect(try await cluster.outcome(of: "f", source: source) == .whole)
            }
        }

        @Test func portInUseIsTold() async throws {
            try await Cluster.run { cluster in
                for (program, flags) in [
                    (BuiltBinaries.master, ["-listen", cluster.masterAddress, "-meta-dir", cluster.folder.file("m2")]),
                    (
                        BuiltBinaries.chunkServer,
                        [
                            "-port", cluster.serverAddress(0), "-master", cluster.masterAddress, "-dir",
                            cluster.folder.file("d2"),
                        ]
                    ),
                ] {
                    try await cluster.expectRefusal(program, flags, names: "in use")
                }
            }
        }

        @Test func secondServerOnAFolderIsRefused() async throws {
            try await Cluster.run { cluster in
                let free = "127.0.0.1:\(try LoopbackPort.free())"
                let flags = ["-port", free, "-master", cluster.masterAddress, "-dir", cluster.serverFolder(0)]
                try await cluster.expectRefusal(BuiltBinaries.chunkServer, flags, names: cluster.serverFolder(0))
                let second = ["-listen", free, "-meta-dir", cluster.metaFolder]
                try await cluster.expectRefusal(BuiltBinaries.master, second, names: cluster.metaFolder)
            }
        }

        @Test func unreadableMetadataStoreIsRefusedAndKept() async throws {
            try await Cluster.run(.init(chunkServers: 0)) { cluster in
                try await cluster.killMaster()
                let files = TestFolder.names(in: cluster.metaFolder)
                #expect(!files.isEmpty)
                let garbage = Data(repeating: 0x5A, count: 5000)
                for file in files { try garbage.write(to: URL(fileURLWithPath: "\(cluster.metaFolder)/\(file)")) }
                let flags = ["-listen", cluster.masterAddress, "-meta-dir", cluster.metaFolder]
                try await cluster.expectRefusal(BuiltBinaries.master, flags, names: cluster.metaFolder)
                let kept = files.contains {
                    FileManager.default.contents(atPath: "\(cluster.metaFolder)/\($0)") == garbage
                }
                #expect(kept)
            }
        }

        @Test func settingsThatMakeNoSenseAreUsageErrors() async throws {
            try await Cluster.run(.init(chunkServers: 0)) { cluster in
                for program in [BuiltBinaries.master, BuiltBinaries.chunkServer] {
                    for flags in [
                        ["-nosuch"], ["-chunk-size", "lots"], ["-live-threshold", "1s"], ["left", "over"],
                        ["-advertise", "x"],
                    ] {
                        let process = try ChildProcess(
                            program, flags, log: cluster.folder.file("usage-\(cluster.nextRun())"))
                        #expect(try await process.waitForEnd() == .exited(2))
                        #expect(!process.stderr.isEmpty)
                    }
                    let version = try ChildProcess(
                        program, ["-version"], log: cluster.folder.file("v-\(cluster.nextRun())"))
                    #expect(try await version.waitForEnd() == .exited(0))
                    #expect(version.stdout.hasPrefix("dfs-"))
                }
            }
        }
    }
}

extension Cluster {
    /// A client in the middle of a download, which takes nothing more: nobody reads what it writes.
    func startStalledReader() async throws -> ChildProcess {
        let source = try folder.randomFile("long", bytes: 60 << 20)
        try await put(source, as: "long")
        let pipe = folder.file("unread.out")
        guard mkfifo(pipe, 0o600) == 0 else { throw FixtureError("no pipe: \(errno)") }
        let end = open(pipe, O_RDONLY | O_NONBLOCK)
        let reader = try ChildProcess(
            BuiltBinaries.client, ["cat", "long"], log: folder.file("unread"), environment: clientEnvironment)
        var first: UInt8 = 0
        try await eventually("the first byte") { read(end, &first, 1) == 1 }
        return reader
    }

    /// Starts a node that must end with status 1 and a message that has `word`.
    func expectRefusal(_ program: String, _ flags: [String], names word: String) async throws {
        let process = try ChildProcess(program, flags, log: folder.file("refused-\(nextRun())"))
        #expect(try await process.waitForEnd(within: .seconds(20)) == .exited(1), "\(flags)")
        #expect(process.stderr.contains(word), "\(flags): \(process.stderr)")
    }
}
