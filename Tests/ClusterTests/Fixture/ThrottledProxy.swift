import Foundation
import Glibc
import Synchronization

/// Stands in front of a node and lets only so much through to it in a second; what comes back passes unhindered.
final class ThrottledProxy: Sendable {
    private static let bufferSize = 16 << 10

    let port: UInt16
    private let target: UInt16
    private let listener: Int32
    private let rate = Atomic<Int>(.max)

    var address: String { "127.0.0.1:\(port)" }

    /// Listens at once; nothing is held back.
    init(to target: UInt16) throws {
        self.target = target
        (port, listener) = try Self.listen()
        Thread.detachNewThread { [self] in accept() }
    }

    /// Bytes a second on each connection from now on; `nil` without limit.
    func limit(_ bytesPerSecond: Int?) { rate.store(bytesPerSecond ?? .max, ordering: .relaxed) }

    /// Takes no more connections; those that stand end with their peers.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private static func listen() throws -> (UInt16, Int32) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        // Little that is on its way waits here.
        var size: Int32 = 64 << 10
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4)
        let port = try LoopbackPort.free()
        guard LoopbackPort.withAddress(port, { Glibc.bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, 64) == 0
        else { throw FixtureError("cannot listen on \(port)") }
        return (port, descriptor)
    }

    private func accept() {
        while true {
            let near = Glibc.accept(listener, nil, nil)
            if near < 0 { break }
            guard let far = LoopbackPort.connect(target) else {
                close(near)
                continue
            }
            Thread.detachNewThread { [self] in
                let back = Thread { self.copy(far, near, isLimited: false) }
                back.start()
                copy(near, far, isLimited: true)
                while !back.isFinished { usleep(10_000) }
                close(near)
                close(far)
            }
        }
        close(listener)
    }

    /// Until either end closes; then both are shut down.
    private func copy(_ source: Int32, _ target: Int32, isLimited: Bool) {
        var buffer = [UInt8](repeating: 0, count: Self.bufferSize)
        copying: while true {
            let count = recv(source, &buffer, buffer.count, 0)
            if count <= 0 { break }
            var sent = 0
            while sent < count {
                let next = buffer.withUnsafeBytes {
                    send(target, $0.baseAddress?.advanced(by: sent), count - sent, Int32(MSG_NOSIGNAL))
                }
                if next <= 0 { break copying }
                sent += next
            }
            let rate = rate.load(ordering: .relaxed)
            if isLimited, rate != .max { usleep(UInt32(count * 1_000_000 / rate)) }
        }
        shutdown(source, Int32(SHUT_RDWR))
        shutdown(target, Int32(SHUT_RDWR))
    }
}
