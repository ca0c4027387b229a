import RPC

/// One test of a client against a server: passes unless it throws.
package struct InteropCase: Sendable {
    /// As gRPC's interop test descriptions name it.
    package let name: String
    let run: @Sendable (InteropClient) async throws -> Void

    init(_ name: String, _ run: @escaping @Sendable (InteropClient) async throws -> Void) {
        self.name = name
        self.run = run
    }

    /// All cases, in the order in which `all` runs them.
    package static let all = unary + streaming + compression + endings + unimplemented + soaks
}

/// What a server did otherwise than the test wants.
struct InteropFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// - Throws: ``InteropFailure`` that names `what` with both values, where they differ.
func expect<Value: Equatable>(_ what: String, _ value: Value, is expected: Value) throws {
    if value != expected { throw InteropFailure("\(what) is \(value), not \(expected)") }
}

/// - Throws: ``InteropFailure`` where `body` does not end with that status, and that message where one is given.
func expectStatus(
    _ code: RPCCode, _ message: String? = nil, of body: () async throws -> Void
) async throws {
    do {
        try await body()
    } catch let error as RPCError {
        try expect("the status", error.code, is: code)
        if let message { try expect("the status message", error.message, is: message) }
        return
    }
    throw InteropFailure("the call ended with OK, not \(code)")
}
