import DFSServices
import DFSWire
import InteropMessages
import RPC

/// `grpc.testing.TestService` (gRPC "Interoperability Test Case Descriptions", Server).
///
/// CacheableUnaryCall and UnimplementedCall are left out: the one is for servers behind a caching proxy, the other for
/// clients to see what a missing method gives.
package struct TestService: Sendable {
    /// The largest body that a request may ask for, in bytes: with it a response is still below 4 MiB.
    private static let maxBodySize: Int32 = (4 << 20) - 64
    /// HalfDuplexCall keeps the parameters of all requests until the last has come; more are refused.
    private static let maxKeptParameters = 10_000

    package init() {}

    package func add(to routes: inout ServiceRoutes) {
        routes.unary(InteropMethods.emptyCall) { (_: Empty, call) in
            Self.echoMetadata(of: call)
            return Empty()
        }
        routes.streaming(InteropMethods.unaryCall, Self.unaryCall)
        routes.streaming(InteropMethods.streamingInputCall, Self.streamingInputCall)
        routes.streaming(InteropMethods.streamingOutputCall, Self.streamingOutputCall)
        routes.streaming(InteropMethods.fullDuplexCall, Self.fullDuplexCall)
        routes.streaming(InteropMethods.halfDuplexCall, Self.halfDuplexCall)
    }

    @Sendable private static func unaryCall(_ call: ServerCall) async throws {
        let request = try await only(of: call) { try await call.receiveChecked(SimpleRequest.self) }
        call.allowCompression()
        echoMetadata(of: call)
        try echoStatus(request.responseStatus)
        try await call.send(
            SimpleResponse(payload: try body(request.responseSize)), compressed: request.responseCompressed)
    }

    @Sendable private static func streamingInputCall(_ call: ServerCall) async throws {
        echoMetadata(of: call)
        var size: Int32 = 0
        while let request = try await call.receiveChecked(StreamingInputCallRequest.self) {
            let (sum, overflow) = size.addingReportingOverflow(Int32(request.payload?.body.count ?? 0))
            guard !overflow else { throw RPCError(.outOfRange, "more than 2 GiB in all") }
            size = sum
        }
        try await call.send(StreamingInputCallResponse(aggregatedPayloadSize: size))
    }

    @Sendable private static func streamingOutputCall(_ call: ServerCall) async throws {
        let request = try await only(of: call) { try await call.receive(StreamingOutputCallRequest.self) }
        call.allowCompression()
        echoMetadata(of: call)
        try await answer(request, on: call)
    }

    @Sendable private static func fullDuplexCall(_ call: ServerCall) async throws {
        call.allowCompression()
        echoMetadata(of: call)
        while let request = try await call.receive(StreamingOutputCallRequest.self) {
            try await answer(request, on: call)
        }
    }

    @Sendable private static func halfDuplexCall(_ call: ServerCall) async throws {
        call.allowCompression()
        echoMetadata(of: call)
        var kept: [ResponseParameters] = []
        while let request = try await call.receive(StreamingOutputCallRequest.self) {
            try echoStatus(request.responseStatus)
            kept += request.responseParameters
            guard kept.count <= maxKeptParameters else {
                throw RPCError(.resourceExhausted, "more than \(maxKeptParameters) responses asked for")
            }
        }
        try await answer(StreamingOutputCallRequest(responseParameters: kept), on: call)
    }

    /// One response for each of the parameters, after the time that each wants to wait.
    private static func answer(_ request: StreamingOutputCallRequest, on call: ServerCall) async throws {
        try echoStatus(request.responseStatus)
        for parameters in request.responseParameters {
            if parameters.intervalUs > 0 { try await Task.sleep(for: .microseconds(parameters.intervalUs)) }
            try await call.send(
                StreamingOutputCallResponse(payload: try body(parameters.size)), compressed: parameters.compressed)
        }
    }

    /// The message that `receive` gives, after which none may follow.
    private static func only<Request>(
        of call: ServerCall, _ receive: () async throws -> Request?
    ) async throws -> Request {
        guard let request = try await receive() else {
            throw RPCError(.internalError, "\(call.path) needs one message and got none")
        }
        guard try await call.receive() == nil else {
            throw RPCError(.internalError, "\(call.path) takes one message and got more")
        }
        return request
    }

    /// Sizes come from the client: nothing is allocated for one that cannot be sent.
    private static func body(_ size: Int32) throws -> Payload {
        guard size >= 0 else { throw RPCError(.invalidArgument, "a body of \(size) bytes") }
        guard size <= maxBodySize else {
            throw RPCError(.resourceExhausted, "a body of \(size) bytes is above the limit of \(maxBodySize)")
        }
        return Payload(zeroCount: Int(size))
    }

    private static func echoStatus(_ status: EchoStatus?) throws {
        guard let status, status.code != 0 else { return }
        throw RPCError(RPCCode(rawValue: Int(status.code)) ?? .unknown, status.message)
    }

    private static func echoMetadata(of call: ServerCall) {
        if let value = call.metadata.first(EchoMetadata.initial) {
            call.sendInitialMetadata([EchoMetadata.initial: value])
        }
        if let value = call.metadata.firstBinary(EchoMetadata.trailing) {
            var trailing = Metadata()
            trailing.add(EchoMetadata.trailing, binary: value)
            call.setTrailingMetadata(trailing)
        }
    }
}
