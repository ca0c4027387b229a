import CMessages

/// `dfs.CheckReplicaRequest`: a chunk server shall read its copy of a chunk.
package struct CheckReplicaRequest: WireMessage {
    package var chunkID: String

    package init(chunkID: String = "") {
        self.chunkID = chunkID
    }

    package static let codec = WireCodec<Self>(
        dfs__check_replica_request__init,
        read: { Self(chunkID: text($0.chunk_id)) },
        write: { message, field, writer throws(WireError) in
            field.chunk_id = try writer.text(message.chunkID, "chunk_id")
        })
}

/// `dfs.CheckReplicaResponse`: what it has found.
package struct CheckReplicaResponse: WireMessage {
    /// Of what the disk holds.
    package var digest: ChunkDigest
    /// Whether that is what the server's checksums say. A copy that is not is out of service, and reported.
    package var isSound: Bool

    package init(digest: ChunkDigest = ChunkDigest(), isSound: Bool = false) {
        self.digest = digest
        self.isSound = isSound
    }

    package static let codec = WireCodec<Self>(
        dfs__check_replica_response__init,
        read: { Self(digest: nested($0.digest) ?? ChunkDigest(), isSound: $0.is_sound != 0) },
        write: { message, field, writer throws(WireError) in
            field.digest = try writer.nested(message.digest)
            field.is_sound = message.isSound ? 1 : 0
        })
}
