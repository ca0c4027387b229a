import NIOCore
import Testing

@testable import HTTP2

/// Header blocks that repeat are handed out again, and only those.
@Suite struct RepeatedHeadersTests {
    private static let common = [(":method", "POST"), (":scheme", "http"), (":path", "/a/b"), (":authority", "x")]

    /// Sends requests with these fields, each of which must arrive as it is.
    private func received(_ blocks: [[(String, String)]]) throws -> [HeaderBlock] {
        let client = try HTTP2Session(role: .client)
        let server = try HTTP2Session(role: .server)
        return try blocks.map { fields in
            _ = try #require(client.submitRequest(HeaderBlock(fields), endStream: true))
            for buffer in try client.produce(budget: 1 << 20) { try server.receive(buffer) }
            for buffer in try server.produce(budget: 1 << 20) { try client.receive(buffer) }
            _ = client.takeEvents()
            var found: HeaderBlock?
            for case .headers(_, let block, _) in server.takeEvents() { found = block }
            let block = try #require(found)
            #expect(block == HeaderBlock(fields))
            return block
        }
    }

    @Test func sameHeadersAreTheSameBlock() throws {
        let blocks = try received(
            [[(String, String)]](repeating: Self.common + [("x-a", "1"), ("te", "trailers")], count: 4))
        #expect(blocks[1].isSame(as: blocks[2]) && blocks[2].isSame(as: blocks[3]))
    }

    @Test func otherHeadersAreAnotherBlock() throws {
        let first = Self.common + [("x-a", "1"), ("x-b", "2")]
        let variants = [
            first, Self.common + [("x-a", "1")], first, first + [("x-c", "3")],
            Self.common + [("x-a", "2"), ("x-b", "2")],
            Self.common + [("x-b", "2"), ("x-a", "1")], Self.common, first,
        ]
        let blocks = try received(variants)
        for (left, right) in zip(blocks, blocks.dropFirst()) { #expect(!left.isSame(as: right)) }
    }

    @Test func largeHeadersAreNotKept() throws {
        let large = Self.common + [("x-large", String(repeating: "v", count: 5000))]
        let blocks = try received([large, large, Self.common, large])
        #expect(!blocks[0].isSame(as: blocks[1]))
    }

    @Test func headersAboveTheLimitAreMarkedAndForgotten() throws {
        let client = try HTTP2Session(role: .client)
        var settings = HTTP2Settings()
        settings.maxHeaderListSize = 300
        let server = try HTTP2Session(role: .server, settings: settings)
        let large = Self.common + [("x-large", String(repeating: "v", count: 5000))]
        var truncated: [Bool] = []
        let largeFirst = [(":method", String(repeating: "v", count: 500))] + Self.common.dropFirst()
        for fields in [Self.common, large, largeFirst, Self.common] {
            _ = client.submitRequest(HeaderBlock(fields), endStream: true)
            for buffer in try client.produce(budget: 1 << 20) { try server.receive(buffer) }
            for case .headers(_, let block, _) in server.takeEvents() { truncated.append(block.isTruncated) }
        }
        #expect(truncated == [false, true, true, false])
    }
}
