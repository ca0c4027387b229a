import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// Replicas on this machine, read from their files.
    @Suite struct ShortCircuitTests {
        private static let setup = Cluster.Setup(chunkSize: "4MB", readsLocalFiles: true)
        private static let size = (9 << 20) + 12_345

        /// Starts server 0 anew with a status port, for ``lentFiles(_:)``.
        private func watch(_ cluster: Cluster, _ servers: Range<Int>, extra: [String] = []) async throws -> [UInt16] {
            var ports: [UInt16] = []
            for index in servers {
                ports.append(try LoopbackPort.free())
                try await cluster.stopServer(index)
                try await cluster.startServer(index, extra: ["-http-listen", "127.0.0.1:\(ports[index])"] + extra)
            }
            try await cluster.awaitJoined()
            return ports
        }

        /// How many files the servers have lent.
        private func lentFiles(_ ports: [UInt16]) async throws -> Int {
            var count = 0
            for port in ports {
                let socket = try RawSocket(port: port)
                socket.send(Array("GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".utf8))
                try await eventually("the metrics") { socket.isClosedByPeer }
                let name = "dfs_chunkserver_lent_files_total "
                let line = socket.receivedText.split(separator: "\n").first { $0.hasPrefix(name) }
                count += try #require(
                    line.flatMap { Int($0.dropFirst(name.count).trimmingCharacters(in: .whitespaces)) })
            }
            return count
        }

        @Test func eachChunkIsLentAndEachRangeIsRight() async throws {
            try await Cluster.run(Self.setup) { cluster in
                let ports = try await watch(cluster, 0..<2)
                let source = try cluster.folder.randomFile("in", bytes: Self.size)
                try await cluster.put(source, as: "f")
                #expect(try await lentFiles(ports) == 0)
                #expect(try await cluster.outcome(of: "f", source: source) == .whole)
                #expect(try await lentFiles(ports) == 3)
                for (offset, length) in [
                    (0, 1), (65_535, 2), (65_536, 65_536), (4_194_303, 2), (100, 9_000_000), (Self.size - 1, 9),
                ] {
                    let part = "tail -c +\(offset + 1) in | head -c \(length)"
                    let line = "$dfs cat -offset \(offset) -length \(length) f > out && \(part) | cmp - out"
                    #expect(try await cluster.shell(line).status == 0, "\(offset) \(length)")
                }
                // Of the ranges only the one over all chunks was worth a file.
                #expect(try await lentFiles(ports) == 6)
                // Small and empty files are one block, or none.
                for size in [0, 1, 1 << 20, (1 << 20) + 1] {
                    let small = try cluster.folder.randomFile("in-\(size)", bytes: size)
                    try await cluster.put(small, as: "f-\(size)")
                    #expect(try await cluster.outcome(of: "f-\(size)", source: small) == .whole)
                }
            }
        }

        @Test func aServerThatLendsNothingIsReadOverTheNetwork() async throws {
            try await Cluster.run(Self.setup) { cluster in
                let ports = try await watch(cluster, 0..<2, extra: ["-short-circuit", "off"])
                let source = try cluster.folder.randomFile("in", bytes: Self.size)
                try await cluster.put(source, as: "f")
                #expect(try await cluster.outcome(of: "f", source: source) == .whole)
                #expect(try await lentFiles(ports) == 0)
            }
        }

        /// As from another machine, or a container with other folders.
        @Test func aSocketThatIsOutOfReachIsNoHindrance() async throws {
            try await Cluster.run(Self.setup) { cluster in
                let ports = try await watch(cluster, 0..<2)
                let source = try cluster.folder.randomFile("in", bytes: Self.size)
                try await cluster.put(source, as: "f")
                for index in 0..<2 { #expect(unlink("\(cluster.serverFolder(index))/.dfs/short-circuit") == 0) }
                #expect(try await cluster.outcome(of: "f", source: source) == .whole)
                #expect(try await lentFiles(ports) == 0)
                for index in 0..<2 {
                    // The socket of a process that was killed is replaced.
                    try await cluster.killServer(index)
                    try await cluster.startServer(index, extra: ["-http-listen", "127.0.0.1:\(ports[index])"])
                }
                try await cluster.awaitJoined()
                #expect(try await cluster.outcome(of: "f", source: source) == .whole)
                #expect(try await lentFiles(ports) == 3)
            }
        }

        @Test func anAppendedFileIsReadWhileItGrowsAndAfterwards() async throws {
            try await Cluster.run(Self.setup) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 300_000)
                #expect(try await cluster.client("append", "-create", source, "log").status == 0)
                #expect(try await cluster.outcome(of: "log", source: source) == .whole)
                #expect(
                    try await cluster.shell("$dfs append in log && $dfs cat log > out && cat in in | cmp - out").status
                        == 0)
            }
        }
    }
}
