import CMessages

/// `chunk.DownloadChunkRequest`: asks a chunk server for a chunk. Offset and length travel as call metadata.
package struct DownloadChunkRequest: WireMessage {
    package var chunkID: String

    package init(chunkID: String = "") {
        self.chunkID = chunkID
    }

    package static let codec = WireCodec<Self>(
        chunk__download_chunk_request__init,
        read: { Self(chunkID: text($0.chunk_id)) },
        write: { message, field, writer throws(WireError) in
            field.chunk_id = try writer.text(message.chunkID, "chunk_id")
        })
}

/// `chunk.UploadChunkStatus`: the answer to an upload. A Go server sends it before it has synced the file; only the OK
/// status that follows says so.
package struct UploadChunkStatus: WireMessage {
    package var success: Bool

    package init(success: Bool = false) {
        self.success = success
    }

    package static let codec = WireCodec<Self>(
        chunk__upload_chunk_status__init,
        read: { Self(success: $0.success != 0) },
        write: { message, field, _ in field.success = message.success ? 1 : 0 })
}
