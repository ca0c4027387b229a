import NIOCore
import Testing

@testable import RPC

@Suite struct CodingTests {
    @Test(arguments: [
        ("plain", "plain"), (" a b ", "%20a b%20"), ("100%", "100%25"), ("ü", "%C3%BC"), ("a\nb", "a%0Ab"), ("", ""),
    ])
    func messageIsPercentEncoded(_ text: String, _ wire: String) {
        #expect(PercentEncoding.encode(text) == wire)
        #expect(PercentEncoding.decode(wire.utf8) == text)
    }

    @Test func brokenEscapesStay() {
        #expect(PercentEncoding.decode("%zz%4".utf8) == "%zz%4")
    }

    @Test(arguments: [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE")])
    func base64VectorsOfTheRFC(_ text: String, _ encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded.utf8) == Array(text.utf8))
        #expect(Base64.decode((encoded + "==").utf8) == Array(text.utf8))
    }

    @Test func noBase64IsRefused() {
        #expect(Base64.decode("a*bc".utf8) == nil)
        #expect(Base64.decode("abcde".utf8) == nil)
    }

    @Test func timeoutUsesTheFinestUnitThatFits() {
        #expect(GRPCTimeout.encode(.nanoseconds(5)) == "5n")
        #expect(GRPCTimeout.encode(.seconds(1)) == "1000000u")
        #expect(GRPCTimeout.encode(.seconds(100)) == "100000m")
        #expect(GRPCTimeout.encode(.seconds(-1)) == "0n")
        #expect(GRPCTimeout.encode(.seconds(Int64.max)) == "2562048H")
    }

    @Test(arguments: ["", "5", "S", "123456789S", "-1S", "5x", "1 S"])
    func malformedTimeoutIsRefused(_ text: String) { #expect(GRPCTimeout.decode(text) == nil) }

    @Test func everyUnitIsRead() {
        #expect(GRPCTimeout.decode("2H") == .seconds(7200))
        #expect(GRPCTimeout.decode("2M") == .seconds(120))
        #expect(GRPCTimeout.decode("2S") == .seconds(2))
        #expect(GRPCTimeout.decode("2m") == .milliseconds(2))
        #expect(GRPCTimeout.decode("2u") == .microseconds(2))
        #expect(GRPCTimeout.decode("2n") == .nanoseconds(2))
    }

    @Test func messagesAreCutOutWhereverTheBytesAreCut() throws {
        var wire = ByteBuffer()
        for body in ["", "abc", String(repeating: "x", count: 10_000)] {
            wire.writeInteger(0 as UInt8)
            wire.writeInteger(UInt32(body.utf8.count))
            wire.writeString(body)
        }
        for cut in [1, 2, 4, 5, 6, 100, 5000, wire.readableBytes] {
            var deframer = MessageDeframer(maxMessageByteCount: 1 << 20)
            var sizes: [Int] = []
            var counted = 0
            var rest = wire
            while rest.readableBytes > 0, let piece = rest.readSlice(length: min(cut, rest.readableBytes)) {
                try deframer.append(piece) { message, byteCount in
                    sizes.append(message.readableBytes)
                    counted += byteCount
                }
            }
            #expect(sizes == [0, 3, 10_000] && counted == wire.readableBytes && deframer.isBetweenMessages)
        }
    }

    @Test func partsOfAMessageHoldNoInputWhereTheyAreCopied() throws {
        let body = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let wire = ByteBuffer(bytes: [0] + withUnsafeBytes(of: UInt32(body.count).bigEndian) { Array($0) } + body)
        var deframer = MessageDeframer(maxMessageByteCount: 1 << 20, copiesParts: true)
        var messages: [RPCMessage] = []
        var rest = wire
        while rest.readableBytes > 0, let piece = rest.readSlice(length: min(30_000, rest.readableBytes)) {
            try deframer.append(piece) { message, _ in messages.append(message) }
        }
        let message = try #require(messages.first)
        #expect(Array(message.contiguous().readableBytesView) == body && messages.count == 1)
        // The last piece came with the end of the message: it is as it was.
        #expect(message.segments.dropLast().allSatisfy { $0.storageCapacity < wire.storageCapacity })
        #expect(message.segments.last?.storageCapacity == wire.storageCapacity)
    }

    @Test func unknownMessageFlagIsRefused() {
        var deframer = MessageDeframer(maxMessageByteCount: 10)
        #expect(throws: RPCError.self) { try deframer.append(ByteBuffer(bytes: [2, 0, 0, 0, 0])) { _, _ in } }
    }
}
