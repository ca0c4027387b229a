import DFSCore
import DFSServices
import DFSWire
import RPC
import Testing

@Suite struct ErrorMappingTests {
    @Test(arguments: DFSError.Code.allCases)
    func everyCodeSurvivesTheWire(_ code: DFSError.Code) {
        let status = RPCError(DFSError(code, "what happened"))
        #expect(status.message == "what happened")
        let back = DFSError(status, from: "master :8000")
        #expect(back.code == code)
        #expect(back.message == "master :8000: what happened")
    }

    @Test func codesMapToDifferentStatuses() {
        #expect(Set(DFSError.Code.allCases.map(\.status)).count == DFSError.Code.allCases.count)
    }

    @Test(arguments: [
        (RPCCode.aborted, DFSError.Code.unavailable),
        (.unauthenticated, .permissionDenied), (.unknown, .internal), (.internalError, .internal),
    ])
    func statusesWithoutACodeOfTheirOwnFindOne(_ status: RPCCode, _ code: DFSError.Code) {
        #expect(DFSError(RPCError(status, "x"), from: "peer").code == code)
    }

    /// As captured from Go nodes, with the spaces that they send.
    @Test(arguments: [
        (" chunk already exists ", DFSError.Code.alreadyExists),
        (" server count criteria not met ", .resourceExhausted), ("file does not exist", .notFound),
        ("server not registered", .failedPrecondition), ("no data received", .invalidArgument),
        ("something else", .internal), ("", .internal),
    ])
    func unknownOfAGoNodeIsReadByItsText(_ text: String, _ code: DFSError.Code) {
        #expect(DFSError(RPCError(.unknown, text), from: "peer").code == code)
    }

    @Test func unparsableMessageIsInternalForTheServerAndDataLossForTheClient() {
        let fault = WireError(message: "chunk.ChunkData", field: "data", fault: .truncated)
        #expect(RPCError(fault).code == .internalError)
        let error = DFSError(fault, from: "chunk server :9001")
        #expect(error.code == .dataLoss)
        #expect(error.advice == .tryOtherReplica)
        #expect(error.message.contains("chunk server :9001") && error.message.contains("chunk.ChunkData, field data"))
    }

    @Test func cancellationAndForeignErrorsHaveACode() {
        struct Foreign: Error {}
        #expect(RPCError(CancellationError()).code == .cancelled)
        #expect(RPCError(Foreign()).code == .unknown)
        #expect(DFSError(CancellationError(), from: "peer").code == .cancelled)
        #expect(DFSError(Foreign(), from: "peer").code == .internal)
    }
}
