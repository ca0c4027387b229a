/// Frames of one connection by what they are for.
package struct FrameCounts: Sendable, Equatable {
    /// HEADERS, and DATA that carries bytes or the end of a stream; received and sent.
    package var work: UInt64 = 0
    /// Everything else that was received and that HTTP/2 knows: SETTINGS, PING, PRIORITY, WINDOW_UPDATE, empty DATA...
    package var control: UInt64 = 0

    package init(work: UInt64 = 0, control: UInt64 = 0) {
        self.work = work
        self.control = control
    }
}
