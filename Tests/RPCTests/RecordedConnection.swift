import NIOCore

@testable import RPC

/// A connection of real peers from `Tests/Interop/golden` (its README has the format and the origins).
struct RecordedConnection {
    /// The whole byte stream of each side.
    private(set) var fromClient: [UInt8] = []
    private(set) var fromServer: [UInt8] = []

    /// All connections of one file.
    static func load(_ name: String, testFile: String = #filePath) throws -> [RecordedConnection] {
        let folder = testFile.split(separator: "/").dropLast(2).joined(separator: "/")
        let text = try readText("/\(folder)/Interop/golden/\(name).txt")
        var connections: [RecordedConnection] = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("connection ") { connections.append(RecordedConnection()) }
            guard let last = connections.indices.last, !line.hasSuffix(" end") else { continue }
            if line.hasPrefix("> ") { connections[last].fromClient += bytes(hex: line.dropFirst(2)) }
            if line.hasPrefix("< ") { connections[last].fromServer += bytes(hex: line.dropFirst(2)) }
        }
        return connections
    }

    /// The server's bytes before the first frame that belongs to a stream, and the rest.
    var serverGreetingAndAnswer: (greeting: ByteBuffer, answer: ByteBuffer) {
        var offset = 0
        while offset + 9 <= fromServer.count {
            let length = fromServer[offset..<offset + 3].reduce(0) { $0 << 8 | Int($1) }
            let stream = fromServer[offset + 5..<offset + 9].reduce(0) { $0 << 8 | Int($1) }
            if stream != 0 { break }
            offset += 9 + length
        }
        return (ByteBuffer(bytes: fromServer[..<offset]), ByteBuffer(bytes: fromServer[offset...]))
    }

    private static func bytes(hex: Substring) -> [UInt8] {
        let digits = hex.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

/// Plays the server's side of a recording to a client of ours: the greeting at once, the answer when the client has asked.
final class ReplayTransport: ByteTransport {
    let eventLoop: any EventLoop
    let isWritable = true
    let peerHost = "127.0.0.1"
    var receiver: (any TransportReceiver)?
    private var greeting: ByteBuffer?
    private var answer: ByteBuffer?

    init(_ recording: RecordedConnection, eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        let parts = recording.serverGreetingAndAnswer
        greeting = parts.greeting
        answer = parts.answer
    }

    func write(_ buffers: [ByteBuffer]) {
        if let greeting {
            self.greeting = nil
            deliver(greeting)
        } else if let answer, hasHeaders(buffers) {
            self.answer = nil
            deliver(answer)
        }
    }

    private func deliver(_ bytes: ByteBuffer) {
        let target = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute {
            target.value.receiver?.received(bytes)
            target.value.receiver?.readCompleted()
        }
    }

    /// Whether whole frames, as a session writes them, contain a HEADERS frame.
    private func hasHeaders(_ buffers: [ByteBuffer]) -> Bool {
        let bytes = buffers.flatMap { Array($0.readableBytesView) }
        var offset = 0
        while offset + 9 <= bytes.count {
            if bytes[offset + 3] == 1 { return true }
            offset += 9 + bytes[offset..<offset + 3].reduce(0) { $0 << 8 | Int($1) }
        }
        return false
    }

    func close() {
        let target = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.execute {
            let receiver = target.value.receiver
            target.value.receiver = nil
            receiver?.transportClosed(reason: nil)
        }
    }
}

struct ReplayConnector: TransportConnector {
    let recording: RecordedConnection
    let eventLoop: any EventLoop

    func connect(
        timeout: TimeAmount, attach: @escaping @Sendable (any ByteTransport) throws -> any TransportReceiver
    ) -> EventLoopFuture<Void> {
        eventLoop.submit {
            let transport = ReplayTransport(recording, eventLoop: eventLoop)
            transport.receiver = try attach(transport)
        }
    }
}
