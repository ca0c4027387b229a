import DFSCore
import DFSWire
import RPC

extension ClientChannel {
    /// Makes a unary call.
    ///
    /// The sizes allowed are those of the message types, unless `options` says otherwise.
    ///
    /// - Parameter peer: names the other side in errors.
    /// - Throws: ``DFSError`` with what the status means.
    package func unary<Request: WireMessage, Response: WireMessage>(
        _ path: MethodPath, _ request: Request, as type: Response.Type = Response.self,
        options: CallOptions = CallOptions(), peer: String = "the server"
    ) async throws(DFSError) -> Response {
        var options = options
        options.maxSendMessageBytes = options.maxSendMessageBytes ?? Request.maxByteCount
        options.maxReceiveMessageBytes = options.maxReceiveMessageBytes ?? Response.maxByteCount
        do {
            let response = try await unary(path, RPCMessage(request.encoded()), options)
            return try Response(wire: response.message.contiguous())
        } catch {
            throw DFSError(error, from: peer)
        }
    }
}

extension ClientCall {
    /// The server's next message; `nil` when the call has ended with OK.
    package func receive<Message: WireMessage>(_ type: Message.Type) async throws -> Message? {
        guard let message = try await receive() else { return nil }
        return try Message(wire: message.contiguous())
    }

    /// Sends one message, and waits while too much is queued.
    package func send(_ message: some WireMessage) async throws {
        try await send(RPCMessage(message.encoded()))
    }
}
