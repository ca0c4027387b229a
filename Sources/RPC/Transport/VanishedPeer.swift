import Glibc
import NIOCore

/// What finds out a peer that has gone without a word: a machine without power, a network that swallows packets.
enum VanishedPeer {
    /// As long as a chunk server is thought to be alive, too.
    static let silenceLimit = Duration.seconds(30)

    /// Has the kernel close a TCP connection whose peer acknowledges nothing of what was sent for ``silenceLimit``, or takes
    /// nothing for as long (gRFC A18). Otherwise that takes the kernel some 15 minutes. A hint: no harm if refused.
    static func limitSilence(_ channel: any Channel) {
        // Sockets of this machine, and tests, have no address of this kind.
        guard channel.remoteAddress?.ipAddress != nil else { return }
        let milliseconds = Int(silenceLimit / .milliseconds(1))
        try? channel.syncOptions?.setOption(.tcpOption(userTimeout), value: milliseconds)
    }

    static let userTimeout = NIOBSDSocket.Option(rawValue: TCP_USER_TIMEOUT)
}
