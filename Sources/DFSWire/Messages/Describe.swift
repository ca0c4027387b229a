import CMessages

/// `dfs.DescribeRequest`: are you one of ours?
package struct DescribeRequest: WireMessage {
    package init() {}

    package static let codec = WireCodec<Self>(
        dfs__describe_request__init, read: { (_: Dfs__DescribeRequest) in Self() }, write: { _, _, _ in })
}

/// `dfs.DescribeResponse`: what a node of ours is.
package struct DescribeResponse: WireMessage {
    /// `master` or `chunkserver`.
    package var role: String
    /// Of the software, for people.
    package var version: String
    /// Empty while a chunk server has joined no cluster.
    package var clusterID: String
    /// Kept in the node's storage folder.
    package var nodeID: String
    /// In bytes; from a master only.
    package var chunkSize: UInt64
    /// The default factor; from a master only.
    package var replication: UInt32
    /// Where it stands in the network; empty where it does not say. From a chunk server only.
    package var location: String
    /// Whether it has `dfs.Inventory`. From a master only.
    package var takesDifferences: Bool

    package init(
        role: String = "", version: String = "", clusterID: String = "", nodeID: String = "", chunkSize: UInt64 = 0,
        replication: UInt32 = 0, location: String = "", takesDifferences: Bool = false
    ) {
        self.role = role
        self.version = version
        self.clusterID = clusterID
        self.nodeID = nodeID
        self.chunkSize = chunkSize
        self.replication = replication
        self.location = location
        self.takesDifferences = takesDifferences
    }

    package static let codec = WireCodec<Self>(
        dfs__describe_response__init,
        read: { field in
            Self(
                role: text(field.role), version: text(field.version), clusterID: text(field.cluster_id),
                nodeID: text(field.node_id), chunkSize: field.chunk_size, replication: field.replication,
                location: text(field.location), takesDifferences: field.takes_differences != 0)
        },
        write: { message, field, writer throws(WireError) in
            field.role = try writer.text(message.role, "role")
            field.version = try writer.text(message.version, "version")
            field.cluster_id = try writer.text(message.clusterID, "cluster_id")
            field.node_id = try writer.text(message.nodeID, "node_id")
            field.chunk_size = message.chunkSize
            field.replication = message.replication
            field.location = try writer.text(message.location, "location")
            field.takes_differences = message.takesDifferences ? 1 : 0
        })
}
