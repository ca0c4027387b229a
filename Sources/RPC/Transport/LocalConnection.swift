import Glibc
import NIOCore

/// What is different where both ends of a connection are on one machine.
enum LocalConnection {
    /// There is no network to share, so nothing need be paced: BBR, the default on many servers, runs a timer for each few
    /// packets, which doubles what a bulk transfer costs. Reno, which every kernel has, does not. A hint: no harm if refused.
    static func stopPacing(_ channel: any Channel) {
        guard let remote = channel.remoteAddress?.ipAddress, remote == channel.localAddress?.ipAddress,
            let options = channel as? any SocketOptionProvider
        else { return }
        let reno = (UInt8(ascii: "r"), UInt8(ascii: "e"), UInt8(ascii: "n"), UInt8(ascii: "o"))
        _ = options.unsafeSetSocketOption(level: .tcp, name: NIOBSDSocket.Option(rawValue: TCP_CONGESTION), value: reno)
    }
}
