import DFSCore
import DFSFiles
import DFSServices
import DFSWire
import Foundation
import Logging
import NIOCore
import NIOPosix
import RPC
import Testing

extension ClusterTests {
    /// Bits that flip on the disks of chunk servers: nobody is given wrong bytes, and there are two good copies again soon.
    @Suite struct DamageTests {
        private static let size = (3 << 20) + 7
        private static let setup = Cluster.Setup(chunkSize: "4MB")

        /// Where a bit flips.
        enum Place: Sendable {
            case byte(Int)
            case table(Int)
        }

        private static let places: [Place] = [
            .byte(0), .byte(65_535), .byte(65_536), .byte(1 << 20), .byte(2_000_003), .byte(size - 1),
            .table(0), .table(9), .table(24 + 4 * 16), .table(24 + 4 * 49 + 3),
        ]

        @Test(arguments: [false, true])
        func aFlippedBitIsNeverReadAndHeals(readsLocalFiles: Bool) async throws {
            var setup = Self.setup
            setup.readsLocalFiles = readsLocalFiles
            try await Cluster.run(setup) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: Self.size)
                try await cluster.put(source, as: "f")
                let id = try #require(try cluster.chunk(holding: source, on: 0))
                let table = try #require(FileManager.default.contents(atPath: cluster.table(id, 0)))
                for (number, place) in Self.places.enumerated() {
                    let server = number % 2
                    let offset: Int
                    switch place {
                    case .byte(let at):
                        offset = at
                        try cluster.flip(cluster.chunkPath(id, server), at)
                    case .table(let at):
                        offset = 0
                        try cluster.flip(cluster.table(id, server), at)
                    }
                    #expect(try await cluster.outcome(of: "f", source: source) == .whole, "\(place)")
                    let part = "tail -c +\(offset + 1) in | head -c 100000"
                    let cat = "$dfs cat -offset \(offset) -length 100000 f"
                    #expect(try await cluster.shell("\(cat) > out && \(part) | cmp - out").status == 0, "\(place)")
                    // A reader that compares nothing, of this very copy.
                    if let bytes = try await cluster.downloadAsGo(id, from: server) {
                        #expect(bytes == [UInt8](try Data(contentsOf: URL(fileURLWithPath: source))), "\(place)")
                    }
                    try await eventually("two good copies after \(place)") {
                        let isHealthy = try await cluster.isHealthy("f")
                        return isHealthy && cluster.holds(id, source, 0) && cluster.holds(id, source, 1)
                            && [0, 1].allSatisfy {
                                FileManager.default.contents(atPath: cluster.table(id, $0)) == table
                            }
                    }
                }
            }
        }

        @Test(arguments: [Self.size, 5000])
        func anAttributeThatHasRottedIsMended(size: Int) async throws {
            try await Cluster.run(Self.setup) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: size)
                try await cluster.put(source, as: "f")
                let id = try #require(try cluster.chunk(holding: source, on: 0))
                let right = try #require(try cluster.attribute(id, 0))
                // What has no digest may have come in another way than by an upload.
                let adopted = "1-adopted" + right.dropFirst()
                let zeros = right.split(separator: " ").dropLast().joined(separator: " ") + " 00000000"
                for (wrong, mended) in [(zeros, right), ("1 17 00000000", adopted), ("x", adopted)] {
                    try await cluster.stopServer(0)
                    try cluster.setAttribute(id, 0, wrong)
                    try await cluster.startServer(0)
                    #expect(try await cluster.outcome(of: "f", source: source) == .whole)
                    if let bytes = try await cluster.downloadAsGo(id, from: 0) {
                        #expect(bytes == [UInt8](try Data(contentsOf: URL(fileURLWithPath: source))))
                    }
                    try await eventually("the attribute after \(wrong)") {
                        try cluster.attribute(id, 0) == mended && cluster.holds(id, source, 0)
                    }
                    try await eventually("two good copies") { try await cluster.isHealthy("f") }
                }
            }
        }

        /// The client finds the damage, and tells.
        @Test func theLastCopyThatCanBeReachedGivesAnErrorAndHealsWhenTheOtherIsBack() async throws {
            try await Cluster.run(Self.setup) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: Self.size)
                try await cluster.put(source, as: "f")
                let id = try #require(try cluster.chunk(holding: source, on: 0))
                try await cluster.killServer(1)
                try cluster.flip(cluster.chunkPath(id, 0), 2_000_003)
                let cat = try await cluster.shell("$dfs cat f > out; test $? != 0 && cmp -n $(stat -c %s out) in out")
                #expect(cat.status == 0, "\(cat)")
                let passed = try Data(contentsOf: URL(fileURLWithPath: cluster.folder.file("out"))).count
                #expect(passed <= 2_000_003)
                try await eventually("the copy in quarantine") { cluster.quarantined(id, 0) }
                try await cluster.startServer(1)
                try await eventually(within: .seconds(60), "two good copies") {
                    let isHealthy = try await cluster.isHealthy("f")
                    return isHealthy && cluster.holds(id, source, 0) && cluster.holds(id, source, 1)
                }
            }
        }

        @Test func theOnlyCopyIsKeptAndItsFileIsMissing() async throws {
            try await Cluster.run(Self.setup) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: Self.size)
                #expect(try await cluster.client("-replication", "1", "put", source, "f").status == 0)
                let server = try cluster.chunk(holding: source, on: 0) == nil ? 1 : 0
                let id = try #require(try cluster.chunk(holding: source, on: server))
                try cluster.flip(cluster.chunkPath(id, server), 70_000)
                #expect(try await cluster.downloadAsGo(id, from: server) == nil)
                try await eventually("the copy in quarantine") { cluster.quarantined(id, server) }
                try await eventually("a missing file") {
                    try await cluster.client("fsck", "f").stdout.contains("missing")
                }
                #expect(cluster.master?.stderr.contains("the last replica of a chunk is damaged") == true)
            }
        }

        /// Whichever of two copies the master would rather keep: one file has rotted on either server, and nobody knows.
        @Test func theLastGoodCopyStaysWhenTheOtherIsNotWantedAnyMore() async throws {
            try await Cluster.run(Self.setup) { cluster in
                var files: [(source: String, id: String)] = []
                for number in 0...1 {
                    let source = try cluster.folder.randomFile(
                        "in\(number)", bytes: Self.size, seed: UInt64(number + 1))
                    try await cluster.put(source, as: "f\(number)")
                    let id = try #require(try cluster.chunk(holding: source, on: number))
                    try cluster.flip(cluster.chunkPath(id, number), 70_000)
                    files.append((source, id))
                }
                for number in 0...1 { #expect(try await cluster.client("setrep", "1", "f\(number)").status == 0) }
                for (number, file) in files.enumerated() {
                    try await eventually("the one good copy of f\(number)") {
                        let holders = [0, 1].filter { cluster.chunksOnDisk($0)[file.id] != nil }
                        return holders == [1 - number] && cluster.holds(file.id, file.source, 1 - number)
                    }
                    #expect(try await cluster.outcome(of: "f\(number)", source: file.source) == .whole)
                }
            }
        }

        @Test func whatNobodyReadsIsFoundByTheScrubber() async throws {
            try await Cluster.run(Self.setup) { cluster in
                try await cluster.stopServer(0)
                try await cluster.startServer(0, extra: ["-scrub-rate", "1GB", "-scrub-cycle", "1s"])
                try await cluster.awaitJoined()
                let source = try cluster.folder.randomFile("in", bytes: Self.size)
                try await cluster.put(source, as: "f")
                let id = try #require(try cluster.chunk(holding: source, on: 0))
                try cluster.flip(cluster.chunkPath(id, 0), 1_500_000)
                try await eventually("two good copies") {
                    let isHealthy = try await cluster.isHealthy("f")
                    return isHealthy && cluster.quarantined(id, 0) && cluster.holds(id, source, 0)
                }
                #expect(cluster.server(0)?.stderr.contains("blocks=22") == true)
                let table = try #require(FileManager.default.contents(atPath: cluster.table(id, 0)))
                try cluster.flip(cluster.table(id, 0), 30)
                try await eventually("the table") {
                    FileManager.default.contents(atPath: cluster.table(id, 0)) == table
                }
                let cursor = cluster.serverFolder(0) + "/.dfs/scrub-cursor"
                try await eventually("a cursor") { FileManager.default.fileExists(atPath: cursor) }
            }
        }
    }
}

extension Cluster {
    fileprivate func chunkPath(_ id: String, _ server: Int) -> String { "\(serverFolder(server))/\(id)" }
    fileprivate func table(_ id: String, _ server: Int) -> String { "\(serverFolder(server))/.dfs/checksums/\(id)" }

    /// The id of the one chunk on that server with just the bytes of `source`.
    fileprivate func chunk(holding source: String, on server: Int) throws -> String? {
        chunksOnDisk(server).keys.first { TestFolder.areEqual(chunkPath($0, server), source) }
    }

    fileprivate func holds(_ id: String, _ source: String, _ server: Int) -> Bool {
        TestFolder.areEqual(chunkPath(id, server), source)
    }

    fileprivate func quarantined(_ id: String, _ server: Int) -> Bool {
        let root = serverFolder(server) + "/.dfs/quarantine"
        return TestFolder.names(in: root).contains { folder in
            folder.hasSuffix("-damaged") && TestFolder.names(in: "\(root)/\(folder)").contains(id)
        }
    }

    fileprivate func isHealthy(_ name: String) async throws -> Bool {
        try await client("fsck", name).stdout.hasPrefix("healthy ")
    }

    /// A bit of this byte of a file turns round.
    fileprivate func flip(_ path: String, _ offset: Int) throws {
        let file = try PosixFileSystem().open(path, .continuing)
        let byte = try file.read(upTo: 1, at: Int64(offset)).readableBytesView
        try file.write([ByteBuffer(bytes: byte.map { $0 ^ 0x04 })], at: Int64(offset))
    }

    fileprivate func attribute(_ id: String, _ server: Int) throws -> String? {
        try PosixFileSystem().open(chunkPath(id, server), .reading).attribute("user.dfs.crc32c")
    }

    fileprivate func setAttribute(_ id: String, _ server: Int, _ text: String) throws {
        _ = try PosixFileSystem().open(chunkPath(id, server), .reading).setAttribute("user.dfs.crc32c", to: text)
    }

    /// What a Go client is given of a whole chunk; `nil` where the call fails, as it does for a copy that is damaged.
    fileprivate func downloadAsGo(_ id: String, from server: Int) async throws -> [UInt8]? {
        let peer = Peer(
            address: ServerAddress(host: "127.0.0.1", port: serverPorts[server]), role: "chunk server",
            group: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "test"))
        let bytes = try? await peer.channel.withCall(Methods.downloadChunk) { call in
            try await call.send(DownloadChunkRequest(chunkID: id))
            call.finishSending()
            var bytes: [UInt8] = []
            while let message = try await call.receive() {
                let frame = try ChunkDataDecoder.decode(message.segments)
                for segment in frame.data { bytes += Array(segment.readableBytesView) }
            }
            return bytes
        }
        await peer.channel.close()
        return bytes
    }
}
