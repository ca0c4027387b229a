/// What a node answers to a GET by plain HTTP.
struct HTTPPage {
    let status: Int
    let body: String

    /// - Throws: ``FixtureError`` where there is no answer, or none that can be read.
    init(_ path: String, port: UInt16) async throws {
        let socket = try RawSocket(port: port)
        socket.send(Array("GET \(path) HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".utf8))
        try await eventually("an answer to \(path)") { socket.isClosedByPeer }
        let text = socket.receivedText
        let head = text.split(separator: " ", maxSplits: 2)
        guard head.count == 3, let status = Int(head[1]), let end = text.firstRange(of: "\r\n\r\n") else {
            throw FixtureError("\(path) was answered so: \(text)")
        }
        self.status = status
        body = String(text[end.upperBound...])
    }
}
