import CMessages
import DFSCore

@testable import DFSWire

/// `dfs.AppendRequest` through scan and protobuf-c, as all other messages go: what the codec without copies is held against.
struct ReferenceAppendRequest: WireMessage {
    var chunk: OpenChunkVersion?
    var recordID: [UInt8] = []
    var data: [UInt8] = []
    var crc32c: UInt32 = 0

    static let codec = WireCodec<Self>(
        dfs__append_request__init, limits: .server,
        read: { field in
            Self(
                chunk: nested(field.chunk), recordID: bytes(field.record_id), data: bytes(field.data),
                crc32c: field.crc32c)
        },
        write: { message, field, writer throws(WireError) in
            if let chunk = message.chunk { field.chunk = try writer.nested(chunk) }
            field.record_id = try writer.bytes(message.recordID)
            field.data = try writer.bytes(message.data)
            field.crc32c = message.crc32c
        })
}

extension ReferenceAppendRequest {
    init(_ request: AppendRequest) {
        self.init(
            chunk: request.chunk, recordID: request.recordID.map { bigEndian($0.high) + bigEndian($0.low) } ?? [],
            data: request.data.flatMap { Array($0.readableBytesView) }, crc32c: request.crc32c)
    }
}

private func bigEndian(_ number: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
}

/// The same for `dfs.ReplicateRequest`.
struct ReferenceReplicateRequest: WireMessage {
    var chunk: OpenChunkVersion?
    var chunkSize: UInt64 = 0
    var offset: UInt64 = 0
    var data: [UInt8] = []
    var crc32c: UInt32 = 0

    static let codec = WireCodec<Self>(
        dfs__replicate_request__init, limits: .server,
        read: { field in
            Self(
                chunk: nested(field.chunk), chunkSize: field.chunk_size, offset: field.offset,
                data: bytes(field.data), crc32c: field.crc32c)
        },
        write: { message, field, writer throws(WireError) in
            if let chunk = message.chunk { field.chunk = try writer.nested(chunk) }
            field.chunk_size = message.chunkSize
            field.offset = message.offset
            field.data = try writer.bytes(message.data)
            field.crc32c = message.crc32c
        })
}

extension ReferenceReplicateRequest {
    init(_ request: ReplicateRequest) {
        self.init(
            chunk: request.chunk, chunkSize: request.chunkSize, offset: request.offset,
            data: request.data.flatMap { Array($0.readableBytesView) }, crc32c: request.crc32c)
    }
}
