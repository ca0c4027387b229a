import DFSServices
import DFSWire
import InteropMessages
import RPC

// Compressed messages (gRPC "Interoperability Test Case Descriptions", CompressedRequest and CompressedResponse).

/// A request that says of itself whether it is compressed, where it says anything.
protocol CompressibleRequest: WireMessage {
    var expectCompressed: Bool? { get }
}

extension SimpleRequest: CompressibleRequest {}
extension StreamingInputCallRequest: CompressibleRequest {}

extension ServerCall {
    /// The next message; `nil` when the client has half-closed.
    ///
    /// - Throws: ``RPCError`` of code `invalidArgument` where it is not compressed as it says, or is although it says not.
    func receiveChecked<Request: CompressibleRequest>(_ type: Request.Type) async throws -> Request? {
        guard let message = try await receive() else { return nil }
        let request = try Request(wire: message.contiguous())
        if let expected = request.expectCompressed, expected != message.wasCompressed {
            throw RPCError(
                .invalidArgument, "the message is compressed: \(message.wasCompressed), and should be: \(expected)")
        }
        return request
    }

    /// Lets single responses be compressed; to be called before anything is sent. What the client does not take is sent as
    /// it is all the same.
    func allowCompression() { responseCompression = .gzip }

    /// Sends one message, compressed only where that is asked for.
    func send(_ message: some WireMessage, compressed: Bool?) async throws {
        try await send(RPCMessage(message.encoded()), compressed: compressed == true)
    }
}
