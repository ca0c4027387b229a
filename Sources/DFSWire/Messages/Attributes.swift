import CMessages

/// `dfs.Attribute`: a text that the owner of a file has noted on it.
package struct Attribute: WireMessage, Equatable {
    package var name: String
    package var value: String

    package init(name: String = "", value: String = "") {
        self.name = name
        self.value = value
    }

    package static let codec = WireCodec<Self>(
        dfs__attribute__init,
        read: { field in Self(name: text(field.name), value: text(field.value)) },
        write: { message, field, writer throws(WireError) in
            field.name = try writer.text(message.name, "name")
            field.value = try writer.text(message.value, "value")
        })
}

/// `dfs.SetAttributesRequest`: changes the attributes of a complete file.
package struct SetAttributesRequest: WireMessage {
    package var path: String
    /// Added, or in the place of those that there are.
    package var added: [Attribute]
    /// Names of others, which need not be there.
    package var removed: [String]
    /// Drawn by the client: asked again, it is not done again.
    package var requestID: String

    package init(path: String = "", added: [Attribute] = [], removed: [String] = [], requestID: String = "") {
        self.path = path
        self.added = added
        self.removed = removed
        self.requestID = requestID
    }

    package static let codec = WireCodec<Self>(
        dfs__set_attributes_request__init,
        read: { field in
            Self(
                path: text(field.path), added: nestedList(field.added, field.n_added),
                removed: texts(field.removed, field.n_removed), requestID: text(field.request_id))
        },
        write: { message, field, writer throws(WireError) in
            field.path = try writer.text(message.path, "path")
            (field.n_added, field.added) = try writer.nestedList(message.added)
            (field.n_removed, field.removed) = try writer.texts(message.removed, "removed")
            field.request_id = try writer.text(message.requestID, "request_id")
        })
}

/// `dfs.SetAttributesResponse`: it is done and durable.
package struct SetAttributesResponse: WireMessage {
    package init() {}

    package static let codec = WireCodec<Self>(
        dfs__set_attributes_response__init, read: { (_: Dfs__SetAttributesResponse) in Self() }, write: { _, _, _ in })
}
