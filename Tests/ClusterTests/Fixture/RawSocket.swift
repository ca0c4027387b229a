import Glibc

/// A TCP connection to a node, for bytes that no client of ours would send.
final class RawSocket {
    /// The head of an HTTP/2 frame (RFC 9113 §4.1).
    struct FrameHead {
        let type: UInt8
        let flags: UInt8
        let stream: UInt32
    }

    private let descriptor: Int32
    private var received: [UInt8] = []
    private var isAtEnd = false

    init(port: UInt16) throws {
        guard let descriptor = LoopbackPort.connect(port) else { throw FixtureError("cannot connect to \(port)") }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return }
            rest = rest.dropFirst(sent)
        }
    }

    /// Takes what has arrived, without waiting.
    func receive() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !isAtEnd {
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            if count <= 0 {
                isAtEnd = true
                return
            }
            received += buffer[..<count]
        }
    }

    /// Whether the peer has ended the connection.
    var isClosedByPeer: Bool {
        receive()
        return isAtEnd
    }

    /// What has arrived so far, as text.
    var receivedText: String { String(decoding: received, as: UTF8.self) }

    /// The heads of all whole frames that have arrived.
    var frames: [FrameHead] {
        var heads: [FrameHead] = []
        var rest = received[...]
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            guard rest.count >= 9 + length else { break }
            let stream = head[5...8].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
            heads.append(FrameHead(type: head[3], flags: head[4], stream: stream))
            rest = rest.dropFirst(9 + length)
        }
        return heads
    }
}
