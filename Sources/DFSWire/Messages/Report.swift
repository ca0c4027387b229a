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
    /// Copies that were just found damaged and are out of service.
    package var damagedChunks: [String]
    /// Damaged copies in quarantine whose time is over: may they be erased?
    package var keptDamagedChunks: [String]

    package init(
        serverAddress: String = "", nodeID: String = "", chunks: [ChunkDigest] = [], tlsPort: UInt32 = 0,
        syncedOn: [String] = [], damagedChunks: [String] = [], keptDamagedChunks: [String] = []
    ) {
        self.serverAddress = serverAddress
        self.nodeID = nodeID
        self.chunks = chunks
        self.tlsPort = tlsPort
        self.syncedOn = syncedOn
        self.damagedChunks = damagedChunks
        self.keptDamagedChunks = keptDamagedChunks
    }

    package static let codec = WireCodec<Self>(
        dfs__report_request__init, limits: .server,
        read: { field in
            Self(
                serverAddress: text(field.server_address), nodeID: text(field.node_id),
                chunks: nestedList(field.chunks, field.n_chunks), tlsPort: field.tls_port,
                syncedOn: texts(field.synced_on, field.n_synced_on),
                damagedChunks: texts(field.damaged_chunks, field.n_damaged_chunks),
                keptDamagedChunks: texts(field.kept_damaged_chunks, field.n_kept_damaged_chunks))
        },
        write: { message, field, writer throws(WireError) in
            field.server_address = try writer.text(message.serverAddress, "server_address")
            field.node_id = try writer.text(message.nodeID, "node_id")
            (field.n_chunks, field.chunks) = try writer.nestedList(message.chunks)
            field.tls_port = message.tlsPort
            (field.n_synced_on, field.synced_on) = try writer.texts(message.syncedOn, "synced_on")
            (field.n_damaged_chunks, field.damaged_chunks) =
                try writer.texts(message.damagedChunks, "damaged_chunks")
            (field.n_kept_damaged_chunks, field.kept_damaged_chunks) =
                try writer.texts(message.keptDamagedChunks, "kept_damaged_chunks")
        })
}

/// `dfs.ReportResponse`: the master knows; an upload may be acknowledged.
package struct ReportResponse: WireMessage {
    package var clusterID: String
    /// Chunks whose digests differ from what the files' writers gave: the server sets its copies aside.
    package var unwantedChunks: [String]
    /// Of the kept damaged copies those that may be erased: there are enough good ones, or no file has the chunk.
    package var expendableChunks: [String]

    package init(clusterID: String = "", unwantedChunks: [String] = [], expendableChunks: [String] = []) {
        self.clusterID = clusterID
        self.unwantedChunks = unwantedChunks
        self.expendableChunks = expendableChunks
    }

    package static let codec = WireCodec<Self>(
        dfs__report_response__init, limits: .server,
        read: { field in
            Self(
                clusterID: text(field.cluster_id),
                unwantedChunks: texts(field.unwanted_chunks, field.n_unwanted_chunks),
                expendableChunks: texts(field.expendable_chunks, field.n_expendable_chunks))
        },
        write: { message, field, writer throws(WireError) in
            field.cluster_id = try writer.text(message.clusterID, "cluster_id")
            (field.n_unwanted_chunks, field.unwanted_chunks) =
                try writer.texts(message.unwantedChunks, "unwanted_chunks")
            (field.n_expendable_chunks, field.expendable_chunks) =
                try writer.texts(message.expendableChunks, "expendable_chunks")
        })
}
