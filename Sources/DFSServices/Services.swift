/// The services of our `.proto` files by the kind of node that has them, as reflection and health name them.
package enum Services {
    private static let node = "dfs.Node"

    package static let ofMaster = [
        "master.MasterService", "dfs.Namespace", "dfs.Trash", "dfs.Cluster", "dfs.Admin", "dfs.ChunkReports",
        "dfs.Append", "dfs.Leases", "dfs.Inventory", "dfs.Repair", node,
    ]
    package static let ofChunkServer = ["chunk.ChunkService", "dfs.OpenChunks", "dfs.Replicas", node]
}
