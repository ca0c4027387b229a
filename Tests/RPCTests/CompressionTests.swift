import NIOCore
import Testing

@testable import RPC

@Suite(.timeLimit(.minutes(1))) struct CompressionTests {
    private static let long = String(repeating: "all work and no play ", count: 10_000)

    @Test func eachMessageSaysWhetherItIsCompressed() async throws {
        let handler: ServiceRoutes.Handler = { call in
            call.responseCompression = .gzip
            while let message = try await call.receive() {
                try await call.send(message, compressed: !message.wasCompressed)
            }
        }
        try await Fixture.overTCP(handler) { fixture in
            try await fixture.channel.withCall(Fixture.echo, CallOptions(compression: .gzip)) { call in
                for isCompressed in [true, false, true] {
                    try await call.send(message(Self.long), compressed: isCompressed)
                    let answer = try #require(try await call.receive())
                    #expect(text(answer) == Self.long)
                    #expect(answer.wasCompressed != isCompressed)
                }
            }
        }
    }

    @Test func compressedMessageAboveTheLimitEndsTheCallOnly() async throws {
        var configuration = RPCServer.Configuration()
        configuration.maxReceiveMessageBytes = 1000
        try await Fixture.overTCP(server: configuration, echoHandler) { fixture in
            let options = CallOptions(compression: .gzip)
            let error = await #expect(throws: RPCError.self) {
                try await fixture.channel.unary(Fixture.echo, message(Self.long), options)
            }
            #expect(error?.code == .resourceExhausted)
            let response = try await fixture.channel.unary(Fixture.echo, message("still here"), options)
            #expect(text(response.message) == "still here")
        }
    }

    @Test(arguments: [("gzip", true), ("deflate, gzip", true), ("gzipped", false), ("", false)])
    func listOfTheOtherSideIsHeeded(_ list: String, _ isIn: Bool) {
        #expect(Array(list.utf8).withUnsafeBytes { MessageCompression.isGzip(in: $0) } == isIn)
    }
}
