/// How the scrubber reads.
package struct ScrubSettings: Sendable, Equatable {
    /// Bytes a second at most; 0 turns it off.
    package var bytesPerSecond = 8 << 20
    /// From the begin of one cycle through all chunks to that of the next, at least.
    package var cycle = Duration.seconds(21 * 24 * 3600)

    package init() {}
}
