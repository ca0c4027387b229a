import CMessages

/// `dfs.UploadTargetsRequest`: a chunk server that takes an upload asks where else the chunk belongs.
package struct UploadTargetsRequest: WireMessage {
    /// As in ``HeartbeatRequest/serverAddress``.
    package var serverAddress: String
    package var chunkID: String

    package init(serverAddress: String = "", chunkID: String = "") {
        self.serverAddress = serverAddress
        self.chunkID = chunkID
    }

    package static let codec = WireCodec<Self>(
        dfs__upload_targets_request__init,
        read: { Self(serverAddress: text($0.server_address), chunkID: text($0.chunk_id)) },
        write: { message, field, writer throws(WireError) in
            field.server_address = try writer.text(message.serverAddress, "server_address")
            field.chunk_id = try writer.text(message.chunkID, "chunk_id")
        })
}

/// `dfs.UploadTargetsResponse`: the servers to forward it to.
package struct UploadTargetsResponse: WireMessage {
    /// Addresses as the servers registered them; empty where there is nothing to forward.
    package var servers: [String]

    package init(servers: [String] = []) {
        self.servers = servers
    }

    package static let codec = WireCodec<Self>(
        dfs__upload_targets_response__init,
        read: { Self(servers: texts($0.servers, $0.n_servers)) },
        write: { message, field, writer throws(WireError) in
            (field.n_servers, field.servers) = try writer.texts(message.servers, "servers")
        })
}
