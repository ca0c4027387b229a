import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// Servers that are there and give nothing.
    @Suite struct SlowServerTests {
        @Test(arguments: [0, 1])
        func getOvertakesAServerThatIsFrozen(frozen: Int) async throws {
            try await Cluster.run(.init(liveThreshold: "60s")) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: (6 << 20) + 1)
                try await cluster.put(source, as: "f")
                cluster.server(frozen)?.send(SIGSTOP)
                let target = try cluster.folder.folder("out")
                // Well below the 30 s after which a transfer without progress is given up.
                let get = try await cluster.client(
                    "-log-level", "debug", "get", "f", target, within: .seconds(15))
                #expect(get.status == 0, "\(get.stderr)")
                #expect(TestFolder.areEqual("\(target)/f", source))
                #expect(get.stderr.contains("a replica lets wait; asking a second one"), "\(get.stderr)")
            }
        }
    }
}
