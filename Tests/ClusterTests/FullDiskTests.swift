import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// A disk that fills up while it is written. Needs the right to mount a tmpfs.
    @Suite(.enabled(if: Tmpfs.isAllowed, "mounting a tmpfs needs root"))
    struct FullDiskTests {
        @Test func getToAFullDiskFailsAndLeavesNothing() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 6 << 20)
                try await cluster.put(source, as: "f")
                let target = try cluster.folder.folder("small")
                try await Tmpfs.run(at: target, mebibytes: 4) {
                    try await cluster.expectFailure(1, names: "space", "get", "f", target)
                    #expect(TestFolder.names(in: target) == [])
                }
                #expect(try await cluster.outcome(of: "f", source: source) == .whole)
            }
        }

        @Test func chunkServerThatFillsUpRefusesAndKeepsWhatItHas() async throws {
            try await Cluster.run(.init(chunkServers: 1, replication: 1)) { cluster in
                try await cluster.server(0)?.kill()
                try await Tmpfs.run(at: cluster.serverFolder(0), mebibytes: 8) {
                    try await cluster.startServer(0)
                    try await cluster.awaitJoined()
                    let small = try cluster.folder.randomFile("small", bytes: 2 << 20)
                    try await cluster.put(small, as: "small")
                    let large = try cluster.folder.randomFile("large", bytes: 16 << 20)
                    try await cluster.expectFailure(nil, names: "space", "put", large, "large")
                    #expect(try await cluster.outcome(of: "large", source: large) == .noSuchFile)
                    #expect(try await cluster.outcome(of: "small", source: small) == .whole)
                    try await cluster.server(0)?.kill()
                }
            }
        }

        @Test func chunksOfAPutThatFilledTheDiskGiveWayToTheNextOne() async throws {
            try await Cluster.run(.init(chunkServers: 1, replication: 1)) { cluster in
                try await cluster.server(0)?.kill()
                try await Tmpfs.run(at: cluster.serverFolder(0), mebibytes: 12) {
                    try await cluster.startServer(0)
                    try await cluster.awaitJoined()
                    let large = try cluster.folder.randomFile("large", bytes: 24 << 20)
                    try await cluster.expectFailure(nil, names: "space", "put", large, "large")
                    // The master has its chunks deleted, for which the quarantine has no room of its own.
                    let next = try cluster.folder.randomFile("next", bytes: 8 << 20)
                    try await eventually("room for the next file") {
                        try await cluster.client("put", next, "next").status == 0
                    }
                    #expect(try await cluster.outcome(of: "next", source: next) == .whole)
                    try await cluster.server(0)?.kill()
                }
            }
        }
    }
}

/// Small file systems for tests.
enum Tmpfs {
    static let isAllowed: Bool = {
        guard geteuid() == 0, let probe = try? TestFolder() else { return false }
        defer { probe.remove() }
        guard mount("tmpfs", probe.path, "tmpfs", 0, "size=1m") == 0 else { return false }
        return umount(probe.path) == 0
    }()

    /// Runs `body` while a tmpfs of that size is mounted at `path`.
    static func run(at path: String, mebibytes: Int, _ body: () async throws -> Void) async throws {
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(mebibytes)m") == 0 else {
            throw FixtureError("cannot mount a tmpfs at \(path): \(String(cString: strerror(errno)))")
        }
        defer { umount2(path, Int32(MNT_DETACH)) }
        try await body()
    }
}
