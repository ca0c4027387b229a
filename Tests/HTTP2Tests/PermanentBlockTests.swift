import NIOCore
import Testing

@testable import HTTP2

@Suite struct PermanentBlockTests {
    private static let fields = [(":status", "200"), ("content-type", "application/grpc"), ("x", "")]

    /// Answers several requests with `block`, and gives what the client reads.
    private func answers(_ block: HeaderBlock, trailers: HeaderBlock, count: Int) throws -> [HeaderBlock] {
        let client = try HTTP2Session(role: .client)
        let server = try HTTP2Session(role: .server)
        let request = HeaderBlock([(":method", "POST"), (":scheme", "http"), (":path", "/a"), (":authority", "x")])
        var blocks: [HeaderBlock] = []
        for _ in 0..<count {
            let id = try #require(client.submitRequest(request, endStream: true))
            for piece in try client.produce(budget: 1 << 20) { try server.receive(piece) }
            _ = server.takeEvents()
            server.submitResponse(stream: id, block, endStream: false)
            server.finish(stream: id, trailers: trailers)
            for piece in try server.produce(budget: 1 << 20) { try client.receive(piece) }
            for case .headers(_, let received, _) in client.takeEvents() { blocks.append(received) }
        }
        return blocks
    }

    @Test func permanentBlocksAreSentLikeOthers() throws {
        let permanent = HeaderBlock.permanent(Self.fields)
        let end = HeaderBlock.permanent([("grpc-status", "0")])
        let received = try answers(permanent, trailers: end, count: 3)
        let expected = try answers(HeaderBlock(Self.fields), trailers: HeaderBlock([("grpc-status", "0")]), count: 3)
        #expect(received == expected && received.count == 6)
        #expect(permanent == HeaderBlock(Self.fields))
    }

    @Test func aChangedCopyOfAPermanentBlockIsABlockLikeOthers() throws {
        let permanent = HeaderBlock.permanent(Self.fields)
        var changed = permanent
        changed.append("grpc-encoding", "gzip")
        #expect(permanent.count == 3 && permanent.permanentFields?.count == 3)
        #expect(changed.permanentFields == nil)
        let received = try answers(changed, trailers: HeaderBlock([("grpc-status", "0")]), count: 1)
        #expect(received.first == HeaderBlock(Self.fields + [("grpc-encoding", "gzip")]))
    }

    /// Also one that nobody else has, whose memory is written in place.
    @Test func aPermanentBlockThatIsChangedInPlaceIsABlockLikeOthers() throws {
        var block = HeaderBlock.permanent(Self.fields)
        block.append("grpc-encoding", "gzip")
        let received = try answers(block, trailers: HeaderBlock([("grpc-status", "0")]), count: 1)
        #expect(received.first == HeaderBlock(Self.fields + [("grpc-encoding", "gzip")]))
    }
}
