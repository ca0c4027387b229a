import DFSCore
import RPCInterop
import Testing

@Suite struct InteropCaseTests {
    @Test(arguments: InteropCase.all.indices)
    func casePassesAgainstOurOwnServer(_ index: Int) async throws {
        let test = InteropCase.all[index]
        let failure = try await withInteropServer { port in
            try await InteropClient.run(
                test, host: "127.0.0.1", port: port, security: .plaintext, soak: SoakSettings(), logger: quiet)
        }
        #expect(failure == nil, "\(test.name)")
    }

    @Test func caseFailsInWordsWhereNobodyListens() async throws {
        let port = try await withInteropServer { $0 }
        let failure = try await InteropClient.run(
            InteropCase.all[0], host: "127.0.0.1", port: port, security: .plaintext, soak: SoakSettings(), logger: quiet
        )
        #expect(failure?.contains("cannot connect") == true)
    }

    @Test func tlsIsRefusedWhileThereIsNone() async {
        let error = #expect(throws: DFSError.self) {
            try InteropServer(security: .serverTLS(certificateFile: "c", keyFile: "k"), logger: quiet)
        }
        #expect(error?.code == .invalidArgument)
    }
}
