import RPC

/// Every method of our `.proto` files.
package enum Methods {
    private static let masterService = "master.MasterService"
    private static let chunkService = "chunk.ChunkService"
    private static let namespace = "dfs.Namespace"
    private static let trash = "dfs.Trash"
    private static let cluster = "dfs.Cluster"
    private static let chunkReports = "dfs.ChunkReports"
    private static let openChunks = "dfs.OpenChunks"

    // Spoken by Go nodes too.
    package static let getFileInfo = MethodPath(service: masterService, method: "GetFileInfo")
    package static let allocateChunk = MethodPath(service: masterService, method: "AllocateChunk")
    package static let registerChunkServer = MethodPath(service: masterService, method: "RegisterChunkServer")
    package static let heartbeat = MethodPath(service: masterService, method: "Heartbeat")
    package static let uploadChunk = MethodPath(service: chunkService, method: "UploadChunk")
    package static let downloadChunk = MethodPath(service: chunkService, method: "DownloadChunk")

    // Spoken by Swift nodes only.
    package static let describe = MethodPath(service: "dfs.Node", method: "Describe")
    package static let create = MethodPath(service: namespace, method: "Create")
    package static let complete = MethodPath(service: namespace, method: "Complete")
    package static let abandon = MethodPath(service: namespace, method: "Abandon")
    package static let open = MethodPath(service: namespace, method: "Open")
    package static let stat = MethodPath(service: namespace, method: "Stat")
    package static let list = MethodPath(service: namespace, method: "List")
    package static let makeFolder = MethodPath(service: namespace, method: "MakeFolder")
    package static let rename = MethodPath(service: namespace, method: "Rename")
    package static let remove = MethodPath(service: namespace, method: "Remove")
    package static let setReplication = MethodPath(service: namespace, method: "SetReplication")
    package static let setAttributes = MethodPath(service: namespace, method: "SetAttributes")
    package static let listTrash = MethodPath(service: trash, method: "List")
    package static let restore = MethodPath(service: trash, method: "Restore")
    package static let emptyTrash = MethodPath(service: trash, method: "Empty")
    package static let securePort = MethodPath(service: namespace, method: "SecurePort")
    package static let reportDamage = MethodPath(service: namespace, method: "ReportDamage")
    package static let listServers = MethodPath(service: cluster, method: "ListServers")
    package static let checkFiles = MethodPath(service: cluster, method: "CheckFiles")
    package static let report = MethodPath(service: chunkReports, method: "Report")
    package static let uploadTargets = MethodPath(service: chunkReports, method: "UploadTargets")
    package static let openAppend = MethodPath(service: "dfs.Append", method: "Open")
    package static let closeAppend = MethodPath(service: "dfs.Append", method: "Close")
    package static let renewLeases = MethodPath(service: "dfs.Leases", method: "Renew")
    package static let append = MethodPath(service: openChunks, method: "Append")
    package static let replicate = MethodPath(service: openChunks, method: "Replicate")
    package static let fence = MethodPath(service: openChunks, method: "Fence")
    package static let seal = MethodPath(service: openChunks, method: "Seal")
    package static let checkReplica = MethodPath(service: "dfs.Replicas", method: "Check")
    package static let lendReplica = MethodPath(service: "dfs.Replicas", method: "Lend")

    /// Those that are not unary, the standard services' among them.
    package static let kinds: [MethodPath: CallKind] = [
        heartbeat: .bidirectional, uploadChunk: .clientStream, downloadChunk: .serverStream, append: .bidirectional,
        replicate: .bidirectional,
        MethodPath(service: "grpc.health.v1.Health", method: "Watch"): .serverStream,
        MethodPath(service: "grpc.reflection.v1.ServerReflection", method: "ServerReflectionInfo"): .bidirectional,
        MethodPath(service: "grpc.reflection.v1alpha.ServerReflection", method: "ServerReflectionInfo"): .bidirectional,
    ]
}
