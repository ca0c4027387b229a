import DFSCore
import DFSMetadata
import DFSServices
import RPC
import Testing

@testable import DFSMaster

/// What a failed read of a Go server's chunk says.
@Suite struct ReadProgressTests {
    @Test(arguments: [
        ("open data/a_0: no such file or directory", Finding.absent),
        ("open data/a_0: too many open files", .unreachable),
        ("open data/a_0: permission denied", .unreachable),
        ("read data/a_0: input/output error", .unreachable),
        ("", .unreachable),
    ])
    func onlyAMissingFileIsAbsent(text: String, finding: Finding) {
        let error = DFSError(RPCError(.unknown, text), from: "chunk server :9001")
        #expect(ReadProgress().finding(after: error) == finding)
    }

    @Test func oneOfOursSaysThatItHasNoSuchChunk() {
        let error = DFSError(RPCError(.notFound, "no chunk a_0 here"), from: "chunk server :9001")
        #expect(ReadProgress().finding(after: error) == .absent)
    }
}
