import ArgumentParser
import DFSCore
import Logging
import Testing

@testable import DFSCommandLine

/// Whole command lines of a server and of a client with commands.
struct ProgramTests {
    private func read<Root: Program>(
        _: Root.Type, _ arguments: String..., environment: [String: String] = [:]
    ) throws -> ProgramRequest {
        try Root.read(arguments) { environment[$0] }
    }

    private func server(_ arguments: [String] = [], environment: [String: String] = [:]) throws -> Server {
        guard case .execute(let command) = try Server.read(arguments, environment: { environment[$0] }),
            let server = command as? Server
        else { throw DFSError(.internal, "not a server command") }
        return server
    }

    @Test func defaultsAreTheSeeds() throws {
        let cluster = try server().cluster
        #expect(cluster.replication == 2)
        #expect(cluster.chunkSize.bytes == 64 << 20)
        #expect(cluster.liveThreshold.duration == .seconds(30))
        #expect(cluster.heartbeatInterval.duration == .seconds(5))
    }

    @Test func flagsAndEnvironmentReachTheOptions() throws {
        let server = try server(
            ["-listen", ":1", "-chunk-size=1MB", "-log-format", "json"],
            environment: ["DFS_CHUNK_SIZE": "2MB", "DFS_REPLICATION": "3", "DFS_LOG_LEVEL": "error"])
        #expect(server.listen == ServerAddress(host: "", port: 1))
        #expect(server.cluster.chunkSize.bytes == 1 << 20)
        #expect(server.cluster.replication == 3)
        #expect(server.shared.logLevel.level == .error)
        #expect(server.shared.logFormat == .json)
    }

    @Test(arguments: [
        (["-replication", "0"], "-replication"), (["-chunk-size", "1"], "-chunk-size"),
        (["-live-threshold", "5s"], "-live-threshold"), (["-heartbeat-interval", "0"], "-heartbeat-interval"),
        (["left-over"], "left-over"),
    ])
    func wrongLinesAreRefusedByName(arguments: [String], text: String) {
        let error = #expect(throws: DFSError.self) { try server(arguments) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains(text) == true)
    }

    @Test func clientCommandsTakeOperandsOfAnyLook() throws {
        guard case .execute(let command) = try read(Client.self, "put", "-log-level", "debug", "--", "-a", "--help"),
            let put = command as? Client.Put
        else {
            Issue.record("not a put")
            return
        }
        #expect([put.local, put.remote] == ["-a", "--help"])
        #expect(put.shared.logLevel.level == .debug)
    }

    @Test(arguments: [[], ["nosuch"], ["put", "a"], ["put", "a", "b", "c"]])
    func clientLineWithoutAWholeCommandIsRefused(arguments: [String]) {
        #expect(throws: DFSError.self) { try Client.read(arguments) { _ in nil } }
    }

    @Test(arguments: [[], ["-log-level", "debug"]])
    func clientLineWithoutACommandListsTheCommands(arguments: [String]) {
        let error = #expect(throws: DFSError.self) { try Client.read(arguments) { _ in nil } }
        #expect(error?.message == "a command is missing; write one of put")
    }

    @Test(arguments: [["nosuch"], ["nosuch", "--help"], ["-log-level", "debug", "nosuch", "-x"]])
    func clientLineWithAnUnknownCommandNamesIt(arguments: [String]) {
        let error = #expect(throws: DFSError.self) { try Client.read(arguments) { _ in nil } }
        #expect(error?.message == "there is no command \"nosuch\"; write one of put")
    }

    @Test func helpNamesFlagsWithTheirVariablesAndVersionIsPrinted() throws {
        guard case .print(let help) = try read(Server.self, "-help"),
            case .print(let version) = try read(Server.self, "-version")
        else {
            Issue.record("nothing to print")
            return
        }
        #expect(help.contains("-chunk-size <size>"))
        #expect(help.contains("DFS_CHUNK_SIZE"))
        #expect(version == "dfs-server \(SoftwareVersion.text)")
    }

    @Test(arguments: [["-help"], ["help"], ["put", "-h"], ["help", "put"], ["--help", "put"]])
    func clientHelpIsPrintedHoweverItIsAsked(arguments: [String]) throws {
        guard case .print(let help) = try Client.read(arguments, environment: { _ in nil }) else {
            Issue.record("nothing to print")
            return
        }
        #expect(help.contains("put"))
        #expect(help.contains("-log-level") || arguments == ["help"])
    }

    @Test(arguments: [
        (DFSError.Code.invalidArgument, ProgramStatus.usage), (.notFound, .noSuchFile),
        (.alreadyExists, .alreadyExists), (.unavailable, .unavailable), (.deadlineExceeded, .unavailable),
        (.dataLoss, .failure), (.permissionDenied, .failure), (.resourceExhausted, .failure),
    ])
    func errorsHaveTheirExitStatus(code: DFSError.Code, status: ProgramStatus) {
        #expect(ProgramStatus(DFSError(code, "x")) == status)
    }
}

private struct Server: Program, ProgramCommand {
    static let configuration = CommandConfiguration.program("dfs-server", summary: "Serves.")
    private static let listenFlag = FlagDeclaration.value("listen", ServerAddress.self, help: "Address to listen on.")
    static let flags = SharedOptions.flags + ClusterOptions.flags + [listenFlag]

    @OptionGroup var shared: SharedOptions
    @OptionGroup var cluster: ClusterOptions
    @Option(Self.listenFlag) var listen = ServerAddress(host: "", port: 8000)

    func execute(logger: Logger) async throws {}
}

private struct Client: Program {
    static let configuration = CommandConfiguration.program(
        "dfs-client", summary: "Stores and fetches.", subcommands: [Put.self])
    static let flags = SharedOptions.flags

    struct Put: ProgramCommand {
        static let configuration = CommandConfiguration.program("put", summary: "Stores a file.")

        @OptionGroup var shared: SharedOptions
        @Argument var local: String
        @Argument var remote: String

        func execute(logger: Logger) async throws {}
    }
}
