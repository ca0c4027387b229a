import Foundation
import TestCertificates
import Testing

extension ClusterTests {
    /// Clients that speak TLS to the nodes.
    @Suite struct TLSTests {
        private func run(
            _ cluster: Cluster, _ flags: [String], _ words: [String], environment: [String: String] = [:]
        ) async throws -> Cluster.ClientResult {
            let arguments = ["-master", cluster.secureMasterAddress] + flags + words
            return try await cluster.finish(cluster.startClient(arguments, environment: environment))
        }

        @Test func filesGoInAndOutOverTLS() async throws {
            let authority = try TestAuthority()
            try await Cluster.run(.init(authority: authority)) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: (3 << 20) + 7)
                let put = try await run(cluster, ["-tls-ca", authority.certificate], ["put", source, "secret"])
                #expect(put.status == 0, "\(put.stderr)")
                // Chunk servers would forward it in plaintext.
                #expect((0...1).allSatisfy { cluster.chain(of: "secret", at: $0) == nil })
                let target = try cluster.folder.folder("out")
                let get = try await run(
                    cluster, [], ["get", "secret", target], environment: ["DFS_TLS_CA": authority.certificate])
                #expect(get.status == 0, "\(get.stderr)")
                #expect(TestFolder.areEqual("\(target)/secret", source))
                // The plaintext ports serve on.
                #expect(try await cluster.outcome(of: "secret", source: source) == .whole)
            }
        }

        @Test func clientThatDoesNotTrustTheNodesIsToldWhy() async throws {
            let (authority, stranger) = (try TestAuthority(), try TestAuthority())
            try await Cluster.run(.init(authority: authority)) { cluster in
                let stat = try await run(cluster, ["-tls-ca", stranger.certificate], ["stat", "x"])
                #expect(stat.status == 5 && stat.stderr.contains("trusted CA"), "\(stat)")
                let missing = try await run(cluster, ["-tls-ca", "/nowhere/ca.pem"], ["stat", "x"])
                #expect(missing.status == 1 && missing.stderr.contains("/nowhere/ca.pem"), "\(missing)")
            }
        }

        @Test func clientDoesNotFallBackToPlaintextWhereAChunkServerHasNoTLS() async throws {
            let authority = try TestAuthority()
            try await Cluster.run(.init(chunkServers: 1, replication: 1)) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 10)
                let address = "127.0.0.1:\(try LoopbackPort.free())"
                try await cluster.restartMaster(serving: authority.issue("node"), on: address)
                try await cluster.awaitJoined()
                let put = try await cluster.finish(
                    cluster.startClient(["-master", address, "-tls-ca", authority.certificate, "put", source, "x"]))
                #expect(put.status != 0 && put.stderr.contains("-tls-listen"), "\(put)")
            }
        }

        @Test func filesThatCannotBeUsedStopANodeWithTheirNames() async throws {
            let authority = try TestAuthority()
            let (one, other) = (try authority.issue("one"), try authority.issue("other"))
            try await Cluster.run(.init(chunkServers: 0)) { cluster in
                let free = "127.0.0.1:\(try LoopbackPort.free())"
                let flags = ["-listen", free, "-meta-dir", cluster.folder.file("m2"), "-tls-listen", "127.0.0.1:0"]
                let mixed = ["-tls-cert", one.certificate, "-tls-key", other.key]
                try await cluster.expectRefusal(BuiltBinaries.master, flags + mixed, names: other.key)
                let missing = ["-tls-cert", "/nowhere/c.pem", "-tls-key", other.key]
                try await cluster.expectRefusal(BuiltBinaries.master, flags + missing, names: "/nowhere/c.pem")
            }
        }
    }
}

extension Cluster {
    /// Starts the master again with a TLS port, while the chunk servers go on without.
    fileprivate func restartMaster(serving identity: TestAuthority.Identity, on address: String) async throws {
        try await killMaster()
        try await startMaster(
            extra: ["-tls-listen", address, "-tls-cert", identity.certificate, "-tls-key", identity.key])
    }
}
