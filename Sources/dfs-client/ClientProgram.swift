import ArgumentParser
import DFSClient
import DFSCommandLine
import DFSCore
import DFSFiles
import Logging

/// `dfs-client`: the commands and flags of the Go original, and those for a namespace of folders beside them.
struct ClientProgram: Program {
    static let configuration = CommandConfiguration.program(
        "dfs-client", summary: "Puts files into a cluster, gets them back, and keeps them in order.",
        discussion: """
            Results go to standard output, everything else to standard error. Exit status: 0 done, 1 failed, 2 wrong \
            usage, 3 no such file, 4 the name exists already, 5 the cluster is not available now.

            Patterns: in each part of a path * is any text, ? one character, [a-z] and [!a-z] one of a set; a backslash \
            takes the next character as it is. A path that exists as it is written stands for itself.
            """,
        subcommands: [
            PutCommand.self, AppendCommand.self, GetCommand.self, CatCommand.self, StatCommand.self, ListCommand.self,
            MakeFolderCommand.self,
            RenameCommand.self, RemoveCommand.self, UsageCommand.self, SetReplicationCommand.self,
            SetAttributesCommand.self, TrashCommand.self,
            ServersCommand.self, CheckCommand.self, VerifyCommand.self, AdminCommand.self,
        ])

    static let flags =
        ClientOptions.flags + ClientTLSOptions.flags + ClusterOptions.flags + SharedOptions.flags + PutCommand.flags
        + AppendCommand.flags
        + GetCommand.flags + CatCommand.flags + SetAttributesCommand.flags + ListCommand.flags + RemoveCommand.flags
        + OutputOptions.flags + VerifyCommand.flags + AdminCommand.flags
}

/// The flags of every command.
struct ClientOptions: ParsableArguments, Sendable {
    private static let masterFlag = FlagDeclaration.value(
        "master", ServerAddress.self, environment: "DFS_MASTER", help: "The master's address.")

    private static let locationFlag = FlagDeclaration.value(
        "location", NetworkLocation.self, environment: "DFS_LOCATION",
        help: "Where the client stands in the network; by default the master goes by its address.")

    private static let shortCircuitFlag = FlagDeclaration.value(
        "short-circuit", OnOff.self, environment: "DFS_SHORT_CIRCUIT",
        help: "Whether replicas on this machine are read from their files.")

    private static let stallLimitFlag = FlagDeclaration.value(
        "stall-limit", GoDuration.self, environment: "DFS_STALL_LIMIT",
        help: "How long a chunk server may give or take nothing of a chunk, or too little, before another one is tried."
    )
    private static let slowFloorFlag = FlagDeclaration.value(
        "slow-floor", ByteCount.self, environment: "DFS_SLOW_FLOOR",
        help: "Bytes a second, such as 1MB, that a chunk server must take of a put for so long; 0 for any.")

    /// The declarations, for ``ClientProgram/flags``.
    static let flags = [masterFlag, locationFlag, shortCircuitFlag, stallLimitFlag, slowFloorFlag]

    @Option(Self.masterFlag) var master = ServerAddress(host: "localhost", port: 8000)
    @Option(Self.locationFlag) var location: NetworkLocation?
    @Option(Self.shortCircuitFlag) var shortCircuit = OnOff.on
    @Option(Self.stallLimitFlag) var stallLimit = GoDuration(ClientConfiguration().stallLimit)
    @Option(Self.slowFloorFlag) var slowFloor = ByteCount(bytes: ClientConfiguration().slowFloor)
    /// Taken so that one environment serves all binaries; a put asks for the replication, the rest is the master's.
    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var tls: ClientTLSOptions

    /// Called by ArgumentParser once all values are known.
    func validate() throws {
        guard stallLimit.duration >= .seconds(1) else {
            throw ValidationError("-stall-limit: \(stallLimit) is too short; give at least 1s")
        }
    }

    /// Runs `body` with a client of the cluster; a signal cancels it.
    func withClient(logger: Logger, _ body: @escaping @Sendable (DFSClient) async throws -> Void) async throws {
        ProcessMemory.keepFreedBuffers()
        try await runInterruptibly(logger: logger) {
            var configuration = ClientConfiguration()
            if let folder = processEnvironment("TMPDIR") { configuration.temporaryFolder = folder }
            configuration.readsLocalFiles = shortCircuit == .on
            configuration.stallLimit = stallLimit.duration
            configuration.slowFloor = slowFloor.bytes
            configuration.location = location?.description
            if tls.isOn {
                configuration.tls = TLSSettings(
                    authorities: tls.authorities, certificate: tls.certificate, key: tls.key)
            }
            let client = try DFSClient(master: master.description, configuration: configuration, logger: logger)
            do {
                try await body(client)
            } catch {
                await client.close()
                // Of a wait of the command's own; the client's operations put it into words.
                throw error is CancellationError ? DFSError(.cancelled, "the command was stopped") : error
            }
            await client.close()
        }
    }
}
