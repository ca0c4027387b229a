import DFSCore
import DFSServices
import NIOCore
import RPC
import Testing

@testable import DFSChunkServer

/// What a sender asks of a chain.
@Suite(.timeLimit(.minutes(1))) struct ChainRouteTests {
    @Test(arguments: ["0", "1", "2147483647"]) func limitsOfASenderAreKeptWithinBounds(milliseconds: String)
        throws
    {
        let chain = try #require(
            try UploadChain([
                CallMetadata.chain: "127.0.0.1:1,127.0.0.1:2", CallMetadata.stallLimit: milliseconds,
                CallMetadata.answerLimit: milliseconds,
            ]))
        let route = ChainRoute(chain, orTargets: [], usual: ChainPatience())
        for limit in [route.stallLimit, route.answerLimit] {
            #expect(limit >= .milliseconds(600) && limit <= .seconds(400), "\(limit)")
        }
    }

    @Test func eachServerWaitsForShorterThanTheOneBefore() throws {
        let chain = try #require(
            try UploadChain([CallMetadata.chain: "127.0.0.1:1,127.0.0.1:2", CallMetadata.stallLimit: "30000"]))
        #expect(ChainRoute(chain, orTargets: [], usual: ChainPatience()).stallLimit == .seconds(20))
    }

    /// It would look for the server behind without pause until its limit for the answer is over.
    @Test func aSenderWithoutPatienceGetsItsAnswer() async throws {
        let held = try HeldPort()
        let dead = ServerAddress(host: "127.0.0.1", port: held.number)
        try await withServer { server in
            let chain = "\(server.address),\(dead)"
            try await server.upload(
                "f_0", content(1000),
                metadata: [CallMetadata.length: "1000", CallMetadata.chain: chain, CallMetadata.stallLimit: "0"])
            #expect(try await server.contents("f_0") == content(1000))
        }
    }
}
