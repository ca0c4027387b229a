import ArgumentParser

/// `host:port`.
package struct HostAndPort: Sendable {
    package let host: String
    package let port: UInt16

    package init(_ text: String) throws {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw ValidationError("\(text) is no address; write host:port")
        }
        host = String(text[..<colon])
        self.port = port
    }
}
