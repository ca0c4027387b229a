import Foundation
import Testing

extension ClusterTests {
    /// `-location` on servers and clients.
    @Suite struct LocationTests {
        @Test func copiesGoToTwoRacksAndReadersToTheNearerOne() async throws {
            try await Cluster.run(Cluster.Setup(chunkServers: 4)) { cluster in
                let racks = ["/r1", "/r1", "/r2", "/r2"]
                for index in 0...3 {
                    try await cluster.stopServer(index)
                    try await cluster.startServer(index, extra: ["-location", "\(racks[index])/h\(index)"])
                }
                try await eventually("four servers that have told where they are") {
                    let listed = try await cluster.client("df", "-json").stdout
                    return (0...3).allSatisfy { listed.contains("\"location\":\"\(racks[$0])/h\($0)\"") }
                }
                let source = try cluster.folder.randomFile("in", bytes: (8 << 20) + 1)
                try await cluster.put(source, as: "f")
                func rack(_ address: Substring) throws -> String {
                    racks[try #require((0...3).first { cluster.serverAddress($0) == address })]
                }
                for near in ["/r1", "/r2"] {
                    let told = try await cluster.client("-location", "\(near)/client", "stat", "f").stdout
                    let chunks = told.split(separator: "\n").dropFirst()
                    #expect(chunks.count == 9)
                    for chunk in chunks {
                        let servers = try #require(chunk.split(separator: " ").last).split(separator: ",")
                        #expect(try Set(servers.map(rack)).count == 2, "\(chunk)")
                        #expect(try rack(servers[0]) == near, "\(chunk)")
                    }
                }
                let refused = try await cluster.client("-location", "r1", "stat", "f")
                #expect(refused.status == 2 && refused.stderr.contains("-location: \"r1\" is no location"))
            }
        }
    }
}
