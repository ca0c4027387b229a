import HTTP2
import NIOCore
import NIOPosix
import Testing

@testable import RPC

/// Our side of the wire against bytes that grpc-go and C-core produced.
@Suite struct GoldenConnectionTests {
    /// What a server of ours makes of a client's bytes: `path` and message sizes of each call, and metadata errors.
    private func calls(_ bytes: [UInt8], pieceByteCount: Int) throws -> [String] {
        let session = try HTTP2Session(role: .server)
        var lines: [String] = []
        var deframers: [Int32: MessageDeframer] = [:]
        for start in stride(from: 0, to: bytes.count, by: pieceByteCount) {
            try session.receive(ByteBuffer(bytes: bytes[start..<min(start + pieceByteCount, bytes.count)]))
            _ = try session.produce(budget: 1 << 20)
            for event in session.takeEvents() {
                switch event {
                case .headers(let stream, let block, _):
                    lines.append(block.value(at: try RequestHeaders(block).pathIndex))
                    deframers[stream] = MessageDeframer(maxMessageByteCount: 4 << 20)
                case .data(let stream, let data):
                    session.consume(stream: stream, byteCount: data.readableBytes)
                    try deframers[stream]?.append(data) { message, _ in lines.append("message \(message.readableBytes)")
                    }
                case .endOfStream: lines.append("end")
                default: break
                }
            }
        }
        return lines
    }

    @Test(
        arguments: ["go", "python"],
        [("put-master", "AllocateChunk"), ("get-master", "GetFileInfo"), ("name-taken", "AllocateChunk")])
    func unaryRequestsOfRealClientsAreRead(_ client: String, _ expected: (file: String, method: String)) throws {
        let connections = try RecordedConnection.load("\(client)-client-\(expected.file)")
        let bytes = try #require(connections.first).fromClient
        let whole = try calls(bytes, pieceByteCount: bytes.count)
        #expect(whole.first == "/master.MasterService/\(expected.method)")
        #expect(whole.count { $0.hasPrefix("message ") } == whole.count { $0.hasPrefix("/") })
        for cut in [1, 2, 3, 9, 10, 17, 64] { #expect(try calls(bytes, pieceByteCount: cut) == whole) }
    }

    @Test(arguments: ["go", "python"])
    func uploadOfRealClientsIsRead(_ client: String) throws {
        let bytes = try #require(try RecordedConnection.load("\(client)-client-put-chunkserver").first).fromClient
        let lines = try calls(bytes, pieceByteCount: bytes.count)
        #expect(lines.first == "/chunk.ChunkService/UploadChunk")
        #expect(lines.last == "end")
        let sizes = lines.filter { $0.hasPrefix("message ") }.compactMap { Int($0.dropFirst(8)) }
        #expect(sizes.reduce(0, +) > 40_000)
        #expect(try calls(bytes, pieceByteCount: 13) == lines)
    }

    @Test func heartbeatStreamOfAGoChunkServerIsRead() throws {
        let connections = try RecordedConnection.load("go-chunkserver-heartbeat")
        let lines = try connections.flatMap { try calls($0.fromClient, pieceByteCount: 5) }
        #expect(lines.contains("/master.MasterService/RegisterChunkServer"))
        #expect(lines.contains("/master.MasterService/Heartbeat"))
    }

    /// Plays the recorded answer of a Go node to a call of ours.
    private func answer(_ file: String, _ path: MethodPath) async throws -> [RPCMessage] {
        let recording = try #require(try RecordedConnection.load(file).first)
        let connector = ReplayConnector(recording: recording, eventLoop: MultiThreadedEventLoopGroup.singleton.next())
        let channel = ClientChannel(
            connector: connector, authority: "recorded", configuration: .init(), logger: Fixture.logger())
        let result = await Result {
            try await channel.withCall(path) { call in
                try await call.send(message("any"))
                call.finishSending()
                var messages: [RPCMessage] = []
                while let message = try await call.receive() { messages.append(message) }
                return messages
            }
        }
        await channel.close()
        return try result.get()
    }

    @Test func unaryAnswerOfAGoMasterIsRead() async throws {
        let path = MethodPath(service: "master.MasterService", method: "GetFileInfo")
        #expect(try await answer("go-client-get-master", path).count == 1)
    }

    @Test func downloadFromAGoChunkServerIsRead() async throws {
        let path = MethodPath(service: "chunk.ChunkService", method: "DownloadChunk")
        let messages = try await answer("go-client-get-chunkserver", path)
        #expect(messages.reduce(0) { $0 + $1.readableBytes } > 40_000)
    }

    /// With its outer spaces, which HTTP/2 libraries like to drop.
    @Test(arguments: [
        ("go-client-name-taken", " chunk already exists "), ("go-client-no-such-file", "file does not exist"),
    ])
    func refusalOfAGoMasterKeepsItsText(_ file: String, _ text: String) async throws {
        let path = MethodPath(service: "master.MasterService", method: "AllocateChunk")
        let error = await #expect(throws: RPCError.self) { try await answer(file, path) }
        #expect(error?.code == .unknown)
        #expect(error?.message == text)
    }
}

extension Result where Failure == any Error, Success: Sendable {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
