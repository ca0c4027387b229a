/// What one message may cost us before a single byte of it is unpacked.
///
/// gRPC's receive limit bounds the bytes of a message on its way in; these limits bound what becomes of the bytes. The
/// worst a peer can send is a message of two-byte fields: each of them costs protobuf-c an allocation or two.
package struct WireLimits: Sendable, Equatable {
    /// The longest encoding, in bytes.
    package let maxBytes: Int
    /// The most fields, those of nested messages and unknown ones included.
    package let maxFields: Int

    package init(maxBytes: Int, maxFields: Int) {
        self.maxBytes = maxBytes
        self.maxFields = maxFields
    }

    /// A name or two of services and message types, which callers that nobody knows may send and have us keep.
    package static let names = WireLimits(maxBytes: 4 << 10, maxFields: 64)

    /// Requests and answers with a handful of fields: room for the longest file name (4 KiB) and for fields that a later
    /// version may add.
    package static let small = WireLimits(maxBytes: 256 << 10, maxFields: 4096)

    /// One entry for each chunk of a file, of nine fields or so: 64 MiB and 2 million fields hold 200,000 chunks, a file of
    /// 12 TiB in full ones.
    package static let file = WireLimits(maxBytes: 64 << 20, maxFields: 2 << 20)

    /// One entry for each chunk of a server. A Go node lists every id in every heartbeat: 64 MiB hold 2 million ids of 32
    /// bytes, 128 TiB of full chunks on one server.
    package static let server = WireLimits(maxBytes: 64 << 20, maxFields: 2 << 20)

    /// The bytes that unpacking may allocate for a message that the scan has measured.
    ///
    /// protobuf-c 1.4.1 holds, for each field, at most 64 bytes of scan records (32 each, in slabs that double), 24 bytes
    /// of unknown-field record or 8 of array entry, a nested struct (at most 72 bytes), and a copy of the field's bytes
    /// rounded up by 16. An honest message never reaches this; it is the brake should protobuf-c do otherwise.
    static func unpackingBudget(bytes: Int, fields: Int) -> Int {
        bytes + 192 * fields + 4096
    }
}
