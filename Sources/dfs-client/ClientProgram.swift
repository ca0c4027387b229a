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
            ServersCommand.self, CheckCommand.self, VerifyCommand.self,
        ])

    static let flags =
        ClientOptions.flags + ClientTLSOptions.flags + ClusterOptions.flags + SharedOptions.flags + PutCommand.flags
        + AppendCommand.flags
        + GetCommand.flags + CatCommand.flags + SetAttributesCommand.flags + ListCommand.flags + RemoveCommand.flags
        + OutputOptions.flags + VerifyCommand.flags
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

    /// The declarations, for ``ClientProgram/flags``.
    static let flags = [masterFlag, locationFlag, shortCircuitFlag]

    @Option(Self.masterFlag) var master = ServerAddress(host: "localhost", port: 8000)
    @Option(Self.locationFlag) var location: NetworkLocation?
    @Option(Self.shortCircuitFlag) var shortCircuit = OnOff.on
    /// Taken so that one environment serves all binaries; a put asks for the replication, the rest is the master's.
    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var tls: ClientTLSOptions

    /// Runs `body` with a client of the cluster; a signal cancels it.
    func withClient(logger: Logger, _ body: @escaping @Sendable (DFSClient) async throws -> Void) async throws {
        ProcessMemory.keepFreedBuffers()
        try await runInterruptibly(logger: logger) {
            var configuration = ClientConfiguration()
            if let folder = processEnvironment("TMPDIR") { configuration.temporaryFolder = folder }
            configuration.readsLocalFiles = shortCircuit == .on
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
                throw error
            }
            await client.close()
        }
    }

    /// The same for a listing, which has failed where it cannot be written.
    func withListingClient(
        logger: Logger, _ body: @escaping @Sendable (DFSClient) async throws -> Void
    ) async throws {
        try await withClient(logger: logger, body)
        try StandardOutput.flush()
    }
}
