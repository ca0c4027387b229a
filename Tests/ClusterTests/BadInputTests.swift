import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// What people get wrong: a clear message, the right exit status, nothing left behind.
    @Suite struct BadInputTests {
        @Test func clientErrorsNameTheThingAndLeaveNothing() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 1000)
                let target = try cluster.folder.folder("out")
                try await cluster.put(source, as: "taken")
                try await cluster.expectFailure(3, names: "nosuch", "put", cluster.folder.file("nosuch"), "new")
                try await cluster.expectFailure(3, names: "absent", "get", "absent", target)
                try await cluster.expectFailure(4, names: "taken", "put", source, "taken")
                try await cluster.expectFailure(nil, names: "out", "put", target, "new")
                for name in ["..", "a/../b", "a//b", "/abs", ".", ""] {
                    try await cluster.expectFailure(2, names: "name", "put", source, name)
                    try await cluster.expectFailure(2, names: "name", "get", name, target)
                }
                #expect(TestFolder.names(in: target) == [])
                #expect(try await cluster.outcome(of: "new", source: source) == .noSuchFile)
            }
        }

        @Test func nameThatIsNoUTF8IsRefused() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 10)
                let words = ["-master", cluster.masterAddress, "put", source].map { Array($0.utf8CString) }
                let process = try ChildProcess(
                    BuiltBinaries.client, words + [[0x61, -1, 0x62, 0]], log: cluster.folder.file("raw"))
                let result = try await cluster.finish(process)
                #expect(result.status == 2)
                #expect(result.stderr.contains("UTF-8"))
            }
        }

        @Test func commandLinesThatMakeNoSenseEndWithUsage() async throws {
            try await Cluster.run(.init(chunkServers: 0)) { cluster in
                for arguments in [
                    [], ["nosuch"], ["put"], ["put", "one"], ["get", "a", "b", "c"], ["-bad", "put", "a", "b"],
                ] {
                    let result = try await cluster.finish(try cluster.startClient(arguments))
                    #expect(result.status == 2, "\(arguments)")
                    #expect(!result.stderr.isEmpty && result.stdout.isEmpty)
                }
            }
        }

        @Test func missingMasterIsToldWithinTenSeconds() async throws {
            try await Cluster.run(.init(chunkServers: 0)) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 10)
                try await cluster.killMaster()
                let start = ContinuousClock.now
                try await cluster.expectFailure(5, names: cluster.masterAddress, "put", source, "x")
                #expect(ContinuousClock.now - start < .seconds(10))
            }
        }

        @Test(arguments: [0, 1])
        func tooFewChunkServersAreToldAndTheNameStaysFree(servers: Int) async throws {
            try await Cluster.run(.init(chunkServers: servers)) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 10)
                try await cluster.expectFailure(nil, names: "server", "put", source, "x")
                #expect(try await cluster.outcome(of: "x", source: source) == .noSuchFile)
            }
        }

        @Test func unwritableTargetIsTold() async throws {
            // Root writes anywhere, so there is a file where a folder must be, or made.
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 10)
                try await cluster.put(source, as: "f")
                try await cluster.expectFailure(nil, names: "in", "get", "f", source)
                try await cluster.expectFailure(nil, names: "in", "get", "f", source + "/deeper")
                try await cluster.expectFailure(nil, names: "f", "get", "f", "/proc/nowhere")
            }
        }
    }
}

extension Cluster {
    /// Runs the client and expects it to fail with `status` (any but 0 where `nil`) and a message that has `word`.
    func expectFailure(_ status: Int32?, names word: String, _ arguments: String...) async throws {
        let result = try await finish(startClient(arguments))
        #expect(
            status.map { $0 == result.status } ?? (result.status > 0 && result.status < 128), "\(arguments): \(result)")
        #expect(result.stderr.contains(word), "\(arguments): \(result.stderr)")
        #expect(result.stdout.isEmpty, "\(arguments): \(result.stdout)")
    }
}
