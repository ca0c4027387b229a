import CMessages

/// `dfs.AbandonRequest`: gives an unfinished upload up, or leaves it to a later put.
package struct AbandonRequest: WireMessage {
    package var uploadID: String
    /// Only the connection of the call lets go of it.
    package var keeps: Bool

    package init(uploadID: String = "", keeps: Bool = false) {
        self.uploadID = uploadID
        self.keeps = keeps
    }

    package static let codec = WireCodec<Self>(
        dfs__abandon_request__init,
        read: { Self(uploadID: text($0.upload_id), keeps: $0.keeps != 0) },
        write: { message, field, writer throws(WireError) in
            field.upload_id = try writer.text(message.uploadID, "upload_id")
            field.keeps = message.keeps ? 1 : 0
        })
}

/// `dfs.AbandonResponse`: the name is free.
package struct AbandonResponse: WireMessage {
    package init() {}

    package static let codec = WireCodec<Self>(
        dfs__abandon_response__init, read: { (_: Dfs__AbandonResponse) in Self() }, write: { _, _, _ in })
}
