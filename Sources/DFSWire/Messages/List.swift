import CMessages

/// `dfs.ListRequest`: a page of a folder.
package struct ListRequest: WireMessage {
    /// Empty for the root.
    package var folder: String
    /// The last name of the page before; empty for the first page.
    package var after: String
    /// The most entries wanted; 0 for the master's own number, which is also the most there are.
    package var limit: UInt32

    package init(folder: String = "", after: String = "", limit: UInt32 = 0) {
        self.folder = folder
        self.after = after
        self.limit = limit
    }

    package static let codec = WireCodec<Self>(
        dfs__list_request__init,
        read: { field in Self(folder: text(field.folder), after: text(field.after), limit: field.limit) },
        write: { message, field, writer throws(WireError) in
            field.folder = try writer.text(message.folder, "folder")
            field.after = try writer.text(message.after, "after")
            field.limit = message.limit
        })
}

/// `dfs.ListResponse`: in the order of the names' bytes.
package struct ListResponse: WireMessage {
    package var nodes: [FileStatus]
    package var hasMore: Bool

    package init(nodes: [FileStatus] = [], hasMore: Bool = false) {
        self.nodes = nodes
        self.hasMore = hasMore
    }

    package static let codec = WireCodec<Self>(
        dfs__list_response__init, limits: .file,
        read: { field in Self(nodes: nestedList(field.nodes, field.n_nodes), hasMore: field.has_more != 0) },
        write: { message, field, writer throws(WireError) in
            (field.n_nodes, field.nodes) = try writer.nestedList(message.nodes)
            field.has_more = message.hasMore ? 1 : 0
        })
}
