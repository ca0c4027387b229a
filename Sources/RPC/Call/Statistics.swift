/// What one call has moved so far.
package struct CallStatistics: Sendable, Equatable {
    package var messagesSent = 0
    package var messagesReceived = 0
    /// Bytes of messages as the caller gave them, without prefixes.
    package var bytesSent = 0
    /// Bytes of messages as the reader got them, without prefixes.
    package var bytesReceived = 0
}

/// What one connection has moved so far.
package struct ConnectionStatistics: Sendable, Equatable {
    package var callsStarted: UInt64 = 0
    /// Bytes of HTTP/2, before encryption.
    package var bytesSent: UInt64 = 0
    package var bytesReceived: UInt64 = 0
}
