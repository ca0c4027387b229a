import Glibc
import Testing

extension ClusterTests {
    /// Bytes from a peer that does not speak the protocol: the connection ends or the call fails, the node lives on.
    @Suite struct HostilePeerTests {
        private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        private static let emptySettings: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0]

        @Test(arguments: [
            Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), [0x16, 0x03, 0x01, 0x02, 0x00, 0x01],
            [UInt8](repeating: 0, count: 4096), preface + [UInt8](repeating: 0xFF, count: 4096),
            preface + [0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x07] + Array("hello".utf8),
        ])
        func garbageOnTheConnectionEndsItAndNothingElse(bytes: [UInt8]) async throws {
            try await Cluster.run { cluster in
                for port in [cluster.masterPort, cluster.serverPorts[0]] {
                    let socket = try RawSocket(port: port)
                    socket.send(bytes)
                    try await eventually(within: .seconds(20), "the end of the connection") { socket.isClosedByPeer }
                }
                try await cluster.expectAlive()
            }
        }

        /// `:method POST`, `:scheme http`, `:path`, `:authority x`, `content-type application/grpc`, `te trailers`, without
        /// indexing and without Huffman coding (RFC 7541 §6.2.2).
        private static func requestHeaders(path: String) -> [UInt8] {
            let fields = [
                (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "x"),
                ("content-type", "application/grpc"), ("te", "trailers"),
            ]
            var block: [UInt8] = []
            for (name, value) in fields {
                block += [0, UInt8(name.utf8.count)] + Array(name.utf8)
                block += [UInt8(value.utf8.count)] + Array(value.utf8)
            }
            return frame(type: 1, flags: 4, payload: block)
        }

        private static func frame(type: UInt8, flags: UInt8, payload: [UInt8]) -> [UInt8] {
            let length = payload.count
            return [UInt8(length >> 16), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF), type, flags, 0, 0, 0, 1]
                + payload
        }

        @Test(
            arguments: [
                [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0x0A, 0x05, 0x61], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
                [0x0A, 0x02, 0xC3, 0x28],
                [0x0A, 0x03, 0x61, 0x00, 0x62],
            ] as [[UInt8]])
        func garbageMessageIsRefusedWithAStatus(message: [UInt8]) async throws {
            try await Cluster.run { cluster in
                for (port, path) in [
                    (cluster.masterPort, "/master.MasterService/GetFileInfo"),
                    (cluster.serverPorts[0], "/chunk.ChunkService/DownloadChunk"),
                    (cluster.serverPorts[0], "/chunk.ChunkService/UploadChunk"),
                ] {
                    let socket = try RawSocket(port: port)
                    let prefixed = [0, 0, 0, 0, UInt8(message.count)] + message
                    socket.send(
                        Self.preface + Self.emptySettings + Self.requestHeaders(path: path)
                            + Self.frame(type: 0, flags: 1, payload: prefixed))
                    // The name of the trailer is Huffman coded or plain; its static part is not, so look for the end
                    // of stream 1: HEADERS with END_STREAM and END_HEADERS.
                    try await eventually(within: .seconds(20), "trailers from \(path)") {
                        socket.receive()
                        return socket.frames.contains { $0.type == 1 && $0.flags & 1 == 1 && $0.stream == 1 }
                    }
                }
                try await cluster.expectAlive()
            }
        }
    }
}

extension Cluster {
    /// All nodes run and the cluster stores and returns a file.
    func expectAlive() async throws {
        for node in [master, server(0), server(1)] { #expect(node?.ended == nil) }
        let source = try folder.randomFile("alive", bytes: 70_000)
        let name = "alive-\(nextRun())"
        try await put(source, as: name)
        #expect(try await outcome(of: name, source: source) == .whole)
    }
}
