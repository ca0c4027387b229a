import CMessages

/// `dfs.UploadStateRequest`: asks what is known of an open upload, or says that its writer is at work.
package struct UploadStateRequest: WireMessage {
    package var uploadID: String
    /// The connection of the call stands for the upload from now on, and nothing is told of its chunks.
    package var renews: Bool

    package init(uploadID: String = "", renews: Bool = false) {
        self.uploadID = uploadID
        self.renews = renews
    }

    package static let codec = WireCodec<Self>(
        dfs__upload_state_request__init,
        read: { Self(uploadID: text($0.upload_id), renews: $0.renews != 0) },
        write: { message, field, writer throws(WireError) in
            field.upload_id = try writer.text(message.uploadID, "upload_id")
            field.renews = message.renews ? 1 : 0
        })
}

/// `dfs.UploadStateResponse`: what a put that resumes an upload need not send again.
package struct UploadStateResponse: WireMessage {
    /// For which the upload is kept when its connection is lost.
    package var keepSeconds: UInt32
    /// Chunks with an index below this may have been allocated.
    package var allocatedCount: UInt32
    /// In index order: those whose digest is settled, with the Swift servers that hold them, which may be none.
    package var chunks: [OpenChunk]
    /// Servers that the master has not heard of since it started may hold more.
    package var mayGrow: Bool

    package init(
        keepSeconds: UInt32 = 0, allocatedCount: UInt32 = 0, chunks: [OpenChunk] = [], mayGrow: Bool = false
    ) {
        self.keepSeconds = keepSeconds
        self.allocatedCount = allocatedCount
        self.chunks = chunks
        self.mayGrow = mayGrow
    }

    package static let codec = WireCodec<Self>(
        dfs__upload_state_response__init, limits: .file,
        read: { field in
            Self(
                keepSeconds: field.keep_seconds, allocatedCount: field.allocated_count,
                chunks: nestedList(field.chunks, field.n_chunks), mayGrow: field.may_grow != 0)
        },
        write: { message, field, writer throws(WireError) in
            field.keep_seconds = message.keepSeconds
            field.allocated_count = message.allocatedCount
            (field.n_chunks, field.chunks) = try writer.nestedList(message.chunks)
            field.may_grow = message.mayGrow ? 1 : 0
        })
}
