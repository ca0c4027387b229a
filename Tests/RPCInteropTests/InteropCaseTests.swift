import DFSCore
import RPC
import RPCInterop
import TestCertificates
import Testing

@Suite struct InteropCaseTests {
    @Test(arguments: InteropCase.all.indices)
    func casePassesAgainstOurOwnServer(_ index: Int) async throws {
        let test = InteropCase.all[index]
        let failure = try await withInteropServer { port in
            await InteropClient.run(
                test, host: "127.0.0.1", port: port, tls: nil, soak: SoakSettings(), logger: quiet)
        }
        #expect(failure == nil, "\(test.name)")
    }

    @Test func caseFailsInWordsWhereNobodyListens() async throws {
        let port = try await withInteropServer { $0 }
        let failure = await InteropClient.run(
            InteropCase.all[0], host: "127.0.0.1", port: port, tls: nil, soak: SoakSettings(), logger: quiet)
        #expect(failure?.contains("cannot connect") == true)
    }

    @Test func casePassesOverTLS() async throws {
        let authority = try TestAuthority()
        let identity = try authority.issue("server")
        let tls = try ClientTLS(ClientTLS.Configuration(trust: .file(authority.certificate)), logger: quiet)
        let failure = try await withInteropServer(
            identity: TLSIdentity(certificateFile: identity.certificate, keyFile: identity.key)
        ) { port in
            await InteropClient.run(
                InteropCase.all[0], host: "localhost", port: port, tls: tls, soak: SoakSettings(), logger: quiet)
        }
        #expect(failure == nil)
    }

    @Test func missingCertificateIsNamed() {
        let error = #expect(throws: DFSError.self) {
            try InteropServer(
                identity: TLSIdentity(certificateFile: "/no/such.pem", keyFile: "/no/such.key"), logger: quiet)
        }
        #expect(error?.code == .failedPrecondition)
        #expect(error?.message.contains("/no/such.pem") == true)
    }
}
