import CMessages

/// `dfs.LendRequest`: a reader on the same machine wants a chunk's file.
package struct LendRequest: WireMessage {
    package var chunkID: String

    package init(chunkID: String = "") {
        self.chunkID = chunkID
    }

    package static let codec = WireCodec<Self>(
        dfs__lend_request__init,
        read: { Self(chunkID: text($0.chunk_id)) },
        write: { message, field, writer throws(WireError) in
            field.chunk_id = try writer.text(message.chunkID, "chunk_id")
        })
}

/// `dfs.LendResponse`: where the file is to be had, and what it must hold.
package struct LendResponse: WireMessage {
    /// A Unix socket of the server.
    package var socketPath: String
    /// Who sends it to the socket gets the file.
    package var token: [UInt8]
    /// Of the chunk, in bytes.
    package var length: UInt64
    /// Bytes in each block but the last.
    package var blockSize: UInt32
    /// CRC-32C of each block, four bytes each, the lowest first.
    package var checksums: [UInt8]

    package init(
        socketPath: String = "", token: [UInt8] = [], length: UInt64 = 0, blockSize: UInt32 = 0, checksums: [UInt8] = []
    ) {
        self.socketPath = socketPath
        self.token = token
        self.length = length
        self.blockSize = blockSize
        self.checksums = checksums
    }

    package static let codec = WireCodec<Self>(
        dfs__lend_response__init,
        read: {
            Self(
                socketPath: text($0.socket_path), token: bytes($0.token), length: $0.length, blockSize: $0.block_size,
                checksums: bytes($0.checksums))
        },
        write: { message, field, writer throws(WireError) in
            field.socket_path = try writer.text(message.socketPath, "socket_path")
            field.token = try writer.bytes(message.token)
            field.length = message.length
            field.block_size = message.blockSize
            field.checksums = try writer.bytes(message.checksums)
        })
}
