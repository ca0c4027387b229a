import ArgumentParser
import DFSCommandLine
import DFSCore
import DFSMaster
import DFSMetadata
import DFSServices
import Logging

/// `dfs-master`: keeps the namespace, watches the chunk servers.
@main
struct DFSMasterCommand: NodeCommand {
    static let configuration = CommandConfiguration.program(
        "dfs-master", summary: "The master of a DFS cluster: knows which chunks a file has and which servers hold them."
    )
    private static let listenFlag = FlagDeclaration.value(
        "listen", ServerAddress.self, environment: "DFS_LISTEN", help: "Address to listen on.")
    private static let metadataFolderFlag = FlagDeclaration.value(
        "meta-dir", String.self, environment: "DFS_META_DIR", help: "Folder of the metadata.", placeholder: "folder")
    private static let trashKeepFlag = FlagDeclaration.value(
        "trash-keep", GoDuration.self, environment: "DFS_TRASH_KEEP",
        help: "How long what was removed or replaced can be restored.")
    static let flags =
        SharedOptions.flags + ClusterOptions.flags + NodeTLSOptions.flags
        + [listenFlag, metadataFolderFlag, trashKeepFlag]

    @OptionGroup var shared: SharedOptions
    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var tls: NodeTLSOptions
    @Option(Self.listenFlag) var listen = ServerAddress(host: "", port: 8000)
    @Option(Self.metadataFolderFlag) var metadataFolder = "./meta"
    @Option(Self.trashKeepFlag) var trashKeep = GoDuration(ClusterPolicy().trashRetention)

    static func main() async {
        await runProgram(Self.self)
    }

    func makeNode(logger: Logger) -> any Node {
        var configuration = Master.Configuration()
        configuration.listen = listen
        configuration.tls = NodeTLSSettings(tls)
        configuration.metadataFolder = metadataFolder
        configuration.policy.trashRetention = trashKeep.duration
        configuration.policy.replication = cluster.replication
        configuration.policy.chunkSize = UInt64(cluster.chunkSize.bytes)
        configuration.policy.liveThreshold = cluster.liveThreshold.duration
        return MasterNode(master: Master(configuration: configuration, logger: logger))
    }
}

extension NodeTLSSettings {
    /// `nil` where the flags ask for no TLS.
    fileprivate init?(_ options: NodeTLSOptions) {
        guard let listen = options.listen, let certificate = options.certificate, let key = options.key else {
            return nil
        }
        self.init(
            listen: listen, certificate: certificate, key: key,
            clientAuthorities: options.clientAuthentication == .require ? options.authorities : nil)
    }
}

/// The master as the process runs it.
private struct MasterNode: Node {
    let master: Master

    func start() async throws { try await master.start() }

    func run() async throws { try await master.run() }

    func stop() async { await master.stop() }
}
