import RPC

/// The methods of `grpc/testing/test.proto`.
package enum InteropMethods {
    /// The full name of the service that the tests talk to.
    package static let testService = "grpc.testing.TestService"

    package static let emptyCall = test("EmptyCall")
    package static let unaryCall = test("UnaryCall")
    package static let streamingOutputCall = test("StreamingOutputCall")
    package static let streamingInputCall = test("StreamingInputCall")
    package static let fullDuplexCall = test("FullDuplexCall")
    package static let halfDuplexCall = test("HalfDuplexCall")
    /// Declared, and had by no server.
    package static let unimplementedCall = test("UnimplementedCall")
    /// Of a service that no server has.
    package static let unimplementedService = MethodPath(
        service: "grpc.testing.UnimplementedService", method: "UnimplementedCall")

    private static func test(_ method: String) -> MethodPath { MethodPath(service: testService, method: method) }
}

/// The metadata that a test server sends back (gRPC "Interoperability Test Case Descriptions", Echo Metadata).
package enum EchoMetadata {
    /// Comes back with the headers.
    package static let initial = "x-grpc-test-echo-initial"
    /// Comes back with the trailers.
    package static let trailing = "x-grpc-test-echo-trailing-bin"
}
