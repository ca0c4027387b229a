import CMessages

/// `dfs.SetServerStateRequest`: what a chunk server is for from now on.
package struct SetServerStateRequest: WireMessage {
    /// As it was registered.
    package var server: String
    /// `normal`, `decommissioning` or `maintenance`.
    package var state: String
    /// Of a maintenance.
    package var seconds: UInt64

    package init(server: String = "", state: String = "", seconds: UInt64 = 0) {
        self.server = server
        self.state = state
        self.seconds = seconds
    }

    package static let codec = WireCodec<Self>(
        dfs__set_server_state_request__init,
        read: { Self(server: text($0.server), state: text($0.state), seconds: $0.seconds) },
        write: { message, field, writer throws(WireError) in
            field.server = try writer.text(message.server, "server")
            field.state = try writer.text(message.state, "state")
            field.seconds = message.seconds
        })
}

/// `dfs.SetServerStateResponse`: the server as it is now.
package struct SetServerStateResponse: WireMessage {
    package var state: ServerState

    package init(state: ServerState = ServerState()) { self.state = state }

    package static let codec = WireCodec<Self>(
        dfs__set_server_state_response__init,
        read: { Self(state: nested($0.state) ?? ServerState()) },
        write: { message, field, writer throws(WireError) in field.state = try writer.nested(message.state) })
}

/// `dfs.GetServerStateRequest`: how far a server has come.
package struct GetServerStateRequest: WireMessage {
    /// As it was registered.
    package var server: String

    package init(server: String = "") { self.server = server }

    package static let codec = WireCodec<Self>(
        dfs__get_server_state_request__init,
        read: { Self(server: text($0.server)) },
        write: { message, field, writer throws(WireError) in
            field.server = try writer.text(message.server, "server")
        })
}

/// `dfs.GetServerStateResponse`.
package struct GetServerStateResponse: WireMessage {
    package var state: ServerState

    package init(state: ServerState = ServerState()) { self.state = state }

    package static let codec = WireCodec<Self>(
        dfs__get_server_state_response__init,
        read: { Self(state: nested($0.state) ?? ServerState()) },
        write: { message, field, writer throws(WireError) in field.state = try writer.nested(message.state) })
}

/// `dfs.ServerState`: what an operator wants of a chunk server, and what is in the way.
package struct ServerState: WireMessage {
    package var server: String
    /// `normal`, `decommissioning`, `decommissioned` or `maintenance`.
    package var state: String
    /// Whether it can be stopped.
    package var isReady: Bool
    /// Of a maintenance.
    package var secondsLeft: UInt64
    /// Chunks of the server that would have too few copies without it.
    package var blockingCount: UInt64
    /// Some of them.
    package var examples: [BlockingChunk]
    /// Why it is not ready, in words.
    package var reason: String

    package init(
        server: String = "", state: String = "", isReady: Bool = false, secondsLeft: UInt64 = 0,
        blockingCount: UInt64 = 0, examples: [BlockingChunk] = [], reason: String = ""
    ) {
        self.server = server
        self.state = state
        self.isReady = isReady
        self.secondsLeft = secondsLeft
        self.blockingCount = blockingCount
        self.examples = examples
        self.reason = reason
    }

    package static let codec = WireCodec<Self>(
        dfs__server_state__init,
        read: { field in
            Self(
                server: text(field.server), state: text(field.state), isReady: field.is_ready != 0,
                secondsLeft: field.seconds_left, blockingCount: field.blocking_count,
                examples: nestedList(field.examples, field.n_examples), reason: text(field.reason))
        },
        write: { message, field, writer throws(WireError) in
            field.server = try writer.text(message.server, "server")
            field.state = try writer.text(message.state, "state")
            field.is_ready = message.isReady ? 1 : 0
            field.seconds_left = message.secondsLeft
            field.blocking_count = message.blockingCount
            (field.n_examples, field.examples) = try writer.nestedList(message.examples)
            field.reason = try writer.text(message.reason, "reason")
        })
}

/// `dfs.BlockingChunk`: a chunk that would have too few copies without a server.
package struct BlockingChunk: WireMessage {
    package var chunkID: String
    /// Of its file.
    package var path: String
    /// On other servers, that count.
    package var copies: UInt32
    /// Of those.
    package var wanted: UInt32

    package init(chunkID: String = "", path: String = "", copies: UInt32 = 0, wanted: UInt32 = 0) {
        self.chunkID = chunkID
        self.path = path
        self.copies = copies
        self.wanted = wanted
    }

    package static let codec = WireCodec<Self>(
        dfs__blocking_chunk__init,
        read: { field in
            Self(chunkID: text(field.chunk_id), path: text(field.path), copies: field.copies, wanted: field.wanted)
        },
        write: { message, field, writer throws(WireError) in
            field.chunk_id = try writer.text(message.chunkID, "chunk_id")
            field.path = try writer.text(message.path, "path")
            field.copies = message.copies
            field.wanted = message.wanted
        })
}
