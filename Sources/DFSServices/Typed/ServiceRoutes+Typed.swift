import DFSCore
import DFSWire
import RPC

extension ServiceRoutes {
    /// Answers a unary method.
    ///
    /// `handler` runs on the event loop of the call's connection and must not block. What it throws ends the call: a
    /// ``DFSError`` with the status of its code.
    ///
    /// - Parameters:
    ///   - maxReceive: the largest request taken, in bytes, where it is not the request type's own limit.
    ///   - atOnce: gives the same answer without waiting, or `nil` where it cannot: then `handler` is asked. It is left out where
    ///     the server has interceptors.
    package mutating func unary<Request: WireMessage, Response: WireMessage>(
        _ path: MethodPath, maxReceive: Int? = nil,
        atOnce: (@Sendable (Request, ServerCall) throws -> Response?)? = nil,
        _ handler: nonisolated(nonsending) @escaping @Sendable (Request, ServerCall) async throws -> Response
    ) {
        add(path, maxReceive: maxReceive ?? Request.maxByteCount, atOnce: atOnce.map(Self.immediate)) { call in
            do {
                guard let request = try await call.receive(Request.self) else {
                    throw RPCError(.internalError, "\(path) needs one message and got none")
                }
                guard try await call.receive() == nil else {
                    throw RPCError(.internalError, "\(path) takes one message and got more")
                }
                try await call.send(try await handler(request, call))
            } catch {
                throw RPCError(error)
            }
        }
    }

    private static func immediate<Request: WireMessage, Response: WireMessage>(
        _ atOnce: @escaping @Sendable (Request, ServerCall) throws -> Response?
    ) -> ImmediateHandler {
        { message, call in
            do {
                let response = try atOnce(Request(wire: message.contiguous()), call)
                return try response.map { RPCMessage(try $0.encoded()) }
            } catch {
                throw RPCError(error)
            }
        }
    }

    /// Answers a method of any kind; `handler` receives and sends on the call itself, and what it throws ends the call: a
    /// ``DFSError`` with the status of its code.
    ///
    /// - Parameter maxReceive: the largest message taken, in bytes, where it is not the server's limit.
    package mutating func streaming(
        _ path: MethodPath, maxReceive: Int? = nil, _ handler: @escaping @Sendable (ServerCall) async throws -> Void
    ) {
        add(path, maxReceive: maxReceive) { call in
            do {
                try await handler(call)
            } catch {
                throw RPCError(error)
            }
        }
    }
}

extension ServerCall {
    /// The next message; `nil` when the client has half-closed.
    package nonisolated(nonsending) func receive<Message: WireMessage>(
        _ type: Message.Type
    ) async throws -> Message? {
        guard let message = try await receive() else { return nil }
        return try Message(wire: message.contiguous())
    }

    /// Sends one message, and waits while too much is queued.
    package nonisolated(nonsending) func send(_ message: some WireMessage) async throws {
        try await send(RPCMessage(message.encoded()))
    }
}
