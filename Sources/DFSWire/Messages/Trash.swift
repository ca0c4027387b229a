import CMessages

/// `dfs.ListTrashRequest`: a page of the trash.
package struct ListTrashRequest: WireMessage {
    /// The last id of the page before; empty for the first page.
    package var after: String
    /// As in ``ListRequest``.
    package var limit: UInt32

    package init(after: String = "", limit: UInt32 = 0) {
        self.after = after
        self.limit = limit
    }

    package static let codec = WireCodec<Self>(
        dfs__list_trash_request__init,
        read: { field in Self(after: text(field.after), limit: field.limit) },
        write: { message, field, writer throws(WireError) in
            field.after = try writer.text(message.after, "after")
            field.limit = message.limit
        })
}

/// `dfs.ListTrashResponse`: in the order of removal.
package struct ListTrashResponse: WireMessage {
    package var entries: [TrashEntry]
    package var hasMore: Bool

    package init(entries: [TrashEntry] = [], hasMore: Bool = false) {
        self.entries = entries
        self.hasMore = hasMore
    }

    package static let codec = WireCodec<Self>(
        dfs__list_trash_response__init, limits: .file,
        read: { field in
            Self(
                entries: nestedList(field.entries, field.n_entries), hasMore: field.has_more != 0)
        },
        write: { message, field, writer throws(WireError) in
            (field.n_entries, field.entries) = try writer.nestedList(message.entries)
            field.has_more = message.hasMore ? 1 : 0
        })
}

/// `dfs.TrashEntry`: one removal.
package struct TrashEntry: WireMessage {
    /// Names it to restore it.
    package var id: String
    /// Seconds since 1970.
    package var removedAt: UInt64
    /// It is being deleted for good.
    package var isPurging: Bool
    /// Its name is the whole path that it had.
    package var node: FileStatus

    package init(id: String = "", removedAt: UInt64 = 0, isPurging: Bool = false, node: FileStatus = FileStatus()) {
        self.id = id
        self.removedAt = removedAt
        self.isPurging = isPurging
        self.node = node
    }

    package static let codec = WireCodec<Self>(
        dfs__trash_entry__init,
        read: { field in
            Self(
                id: text(field.id), removedAt: field.removed_at, isPurging: field.is_purging != 0,
                node: nested(field.node) ?? FileStatus())
        },
        write: { message, field, writer throws(WireError) in
            field.id = try writer.text(message.id, "id")
            field.removed_at = message.removedAt
            field.is_purging = message.isPurging ? 1 : 0
            field.node = try writer.nested(message.node)
        })
}

/// `dfs.RestoreRequest`: brings one removal back.
package struct RestoreRequest: WireMessage {
    package var id: String
    /// Empty for where it was.
    package var target: String
    /// Drawn by the client: asked again, it is not done again.
    package var requestID: String

    package init(id: String = "", target: String = "", requestID: String = "") {
        self.id = id
        self.target = target
        self.requestID = requestID
    }

    package static let codec = WireCodec<Self>(
        dfs__restore_request__init,
        read: { field in
            Self(
                id: text(field.id), target: text(field.target), requestID: text(field.request_id))
        },
        write: { message, field, writer throws(WireError) in
            field.id = try writer.text(message.id, "id")
            field.target = try writer.text(message.target, "target")
            field.request_id = try writer.text(message.requestID, "request_id")
        })
}

/// `dfs.RestoreResponse`: it is back, and durable.
package struct RestoreResponse: WireMessage {
    package init() {}

    package static let codec = WireCodec<Self>(
        dfs__restore_response__init, read: { (_: Dfs__RestoreResponse) in Self() }, write: { _, _, _ in })
}

/// `dfs.EmptyTrashRequest`: deletes for good.
package struct EmptyTrashRequest: WireMessage {
    /// Empty for all that the trash holds now.
    package var id: String
    /// As in ``RestoreRequest``.
    package var requestID: String

    package init(id: String = "", requestID: String = "") {
        self.id = id
        self.requestID = requestID
    }

    package static let codec = WireCodec<Self>(
        dfs__empty_trash_request__init,
        read: { field in Self(id: text(field.id), requestID: text(field.request_id)) },
        write: { message, field, writer throws(WireError) in
            field.id = try writer.text(message.id, "id")
            field.request_id = try writer.text(message.requestID, "request_id")
        })
}

/// `dfs.EmptyTrashResponse`: it has begun, and goes on whatever happens.
package struct EmptyTrashResponse: WireMessage {
    package init() {}

    package static let codec = WireCodec<Self>(
        dfs__empty_trash_response__init, read: { (_: Dfs__EmptyTrashResponse) in Self() }, write: { _, _, _ in })
}
