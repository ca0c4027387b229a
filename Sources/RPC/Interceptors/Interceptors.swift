/// Stands between the caller and each of a channel's calls: sees how it ends, and may change how it is made.
package protocol ClientInterceptor: Sendable {
    /// Makes the call by `next`, as it is or changed; not at all by throwing instead. Runs where the caller runs.
    func intercept<R: Sendable>(
        _ call: OutgoingCall, next: (OutgoingCall) async throws -> R
    ) async throws -> R
}

/// A call that is about to be made.
package struct OutgoingCall: Sendable {
    package let path: MethodPath
    package var options: CallOptions
}

/// Stands between a server's connections and its handlers.
package protocol ServerInterceptor: Sendable {
    /// Lets the handler answer by `next`; refuses the call by throwing instead. Runs on the call's event loop.
    nonisolated(nonsending) func intercept(
        _ call: ServerCall, next: nonisolated(nonsending) (ServerCall) async throws -> Void
    ) async throws

    /// What stands before the handler of the method `path`, asked once for each method that has one: for what need not be
    /// looked up for each call. By default it is the interceptor itself.
    func interceptor(of path: String) -> any ServerInterceptor
}

extension ServerInterceptor {
    package func interceptor(of path: String) -> any ServerInterceptor { self }
}

extension ServiceRoutes.Route {
    /// The route behind `interceptors`, the first of which is the outermost.
    func intercepted(by interceptors: [any ServerInterceptor]) -> ServiceRoutes.Route {
        var handler = handler
        for interceptor in interceptors.reversed() {
            let inner = handler
            handler = { try await interceptor.intercept($0, next: inner) }
        }
        // What answers at once would pass them by.
        return ServiceRoutes.Route(maxReceiveByteCount: maxReceiveByteCount, immediate: nil, handler: handler)
    }
}

extension [any ClientInterceptor] {
    /// Makes the call through all of them, the first of which is the outermost.
    func run<R: Sendable>(
        _ call: OutgoingCall, from index: Int = 0, _ make: (OutgoingCall) async throws -> R
    ) async throws -> R {
        guard index < count else { return try await make(call) }
        return try await self[index].intercept(call) { try await run($0, from: index + 1, make) }
    }
}
