import CMessages

/// `dfs.ReportRequest`: a chunk server tells which of its replicas are complete, and what they hold.
package struct ReportRequest: WireMessage {
    /// As in ``HeartbeatRequest/serverAddress``.
    package var serverAddress: String
    package var nodeID: String
    package var chunks: [ChunkDigest]
    /// Where the server also serves TLS, on the host of its address; 0 for nowhere.
    package var tlsPort: UInt32
    /// With one chunk: addresses of Go servers that have taken all of it from this one.
    package var syncedOn: [String]

    package init(
        serverAddress: String = "", nodeID: String = "", chunks: [ChunkDigest] = [], tlsPort: UInt32 = 0,
        syncedOn: [String] = []
    ) {
        self.serverAddress = serverAddress
        self.nodeID = nodeID
        self.chunks = chunks
        self.tlsPort = tlsPort
        self.syncedOn = syncedOn
    }

    package static let codec = WireCodec<Self>(
        dfs__report_request__init, limits: .server,
        read: { field in
            Self(
                serverAddress: text(field.server_address), nodeID: text(field.node_id),
                chunks: nestedList(field.chunks, field.n_chunks), tlsPort: field.tls_port,
                syncedOn: texts(field.synced_on, field.n_synced_on))
        },
        write: { message, field, writer throws(WireError) in
            field.server_address = try writer.text(message.serverAddress, "server_address")
            field.node_id = try writer.text(message.nodeID, "node_id")
            (field.n_chunks, field.chunks) = try writer.nestedList(message.chunks)
            field.tls_port = message.tlsPort
            (field.n_synced_on, field.synced_on) = try writer.texts(message.syncedOn, "synced_on")
        })
}

/// `dfs.ReportResponse`: the master knows; an upload may be acknowledged.
package struct ReportResponse: WireMessage {
    package var clusterID: String
    /// Chunks whose digests differ from what the files' writers gave: the server sets its copies aside.
    package var unwantedChunks: [String]

    package init(clusterID: String = "", unwantedChunks: [String] = []) {
        self.clusterID = clusterID
        self.unwantedChunks = unwantedChunks
    }

    package static let codec = WireCodec<Self>(
        dfs__report_response__init, limits: .server,
        read: { field in
            Self(
                clusterID: text(field.cluster_id),
                unwantedChunks: texts(field.unwanted_chunks, field.n_unwanted_chunks))
        },
        write: { message, field, writer throws(WireError) in
            field.cluster_id = try writer.text(message.clusterID, "cluster_id")
            (field.n_unwanted_chunks, field.unwanted_chunks) =
                try writer.texts(message.unwantedChunks, "unwanted_chunks")
        })
}
