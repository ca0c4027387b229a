import CMessages

/// `dfs.AbandonRequest`: gives an unfinished upload up.
package struct AbandonRequest: WireMessage {
    package var uploadID: String

    package init(uploadID: String = "") {
        self.uploadID = uploadID
    }

    package static let codec = WireCodec<Self>(
        dfs__abandon_request__init,
        read: { Self(uploadID: text($0.upload_id)) },
        write: { message, field, writer throws(WireError) in
            field.upload_id = try writer.text(message.uploadID, "upload_id")
        })
}

/// `dfs.AbandonResponse`: the name is free.
package struct AbandonResponse: WireMessage {
    package init() {}

    package static let codec = WireCodec<Self>(
        dfs__abandon_response__init, read: { (_: Dfs__AbandonResponse) in Self() }, write: { _, _, _ in })
}
