import DFSCore

/// How chunks move between this process and a chunk server.
package struct TransferSettings: Sendable {
    /// Bytes of data in one message to a Swift server; below gRPC's limit of 4 MiB. Go servers get 64 KiB.
    package var swiftDataSize = 1 << 20
    /// A call whose peer takes or gives nothing for this long fails. A message is taken as a whole, so this bounds the
    /// slowest link too: 1 MiB in 30 s.
    package var stallLimit = Duration.seconds(30)
    /// Bytes a second that a server must take of an upload over ``stallLimit`` while its sender waits for it; 0: any.
    package var floor = 0
    /// Whether a server that takes an upload at this speed is given up. Asked several times within each ``stallLimit``, on
    /// the call's event loop, and not where ``floor`` is 0; must not block.
    package var givesUp: @Sendable (LinkSpeed) -> Bool = { $0.isSlow }
    /// How long a server may take from the last byte of an upload to its acknowledgement: it syncs a whole chunk.
    package var acknowledgementLimit = Duration.seconds(120)
    /// How long a Swift server may be silent meanwhile, though it is asked for signs of life. A server that waits for those
    /// behind it gives them all the same, so this is equal along a chain.
    package var silenceLimit = Duration.seconds(20)

    package init() {}
}
