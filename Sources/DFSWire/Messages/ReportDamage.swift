import CMessages

/// `dfs.ReportDamageRequest`: a reader was given bytes that do not match their checksums.
package struct ReportDamageRequest: WireMessage {
    package var chunkID: String
    /// The server that gave them, by its address as the master named it.
    package var server: String

    package init(chunkID: String = "", server: String = "") {
        self.chunkID = chunkID
        self.server = server
    }

    package static let codec = WireCodec<Self>(
        dfs__report_damage_request__init,
        read: { Self(chunkID: text($0.chunk_id), server: text($0.server)) },
        write: { message, field, writer throws(WireError) in
            field.chunk_id = try writer.text(message.chunkID, "chunk_id")
            field.server = try writer.text(message.server, "server")
        })
}

/// `dfs.ReportDamageResponse`: the master has heard it, and nothing more.
package struct ReportDamageResponse: WireMessage {
    package init() {}

    package static let codec = WireCodec<Self>(
        dfs__report_damage_response__init, read: { _ in Self() }, write: { _, _, _ in })
}
