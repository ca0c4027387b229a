/// Which handler answers which method.
package struct ServiceRoutes: Sendable {
    /// Answers one call. Returning ends it with OK; throwing an ``RPCError`` ends it with that status, and any other
    /// error with UNKNOWN. Runs on the event loop of the call's connection: it must not block.
    package typealias Handler = nonisolated(nonsending) @Sendable (ServerCall) async throws -> Void

    struct Route: Sendable {
        let maxReceiveByteCount: Int?
        let handler: Handler
    }

    private var routes: [String: Route] = [:]
    private var fallback: Route?

    package init() {}

    /// - Parameter maxReceive: the largest message taken, in bytes, where it is not the server's.
    package mutating func add(_ path: MethodPath, maxReceive: Int? = nil, handler: @escaping Handler) {
        precondition(routes[path.path] == nil, "method \(path) has two handlers")
        routes[path.path] = Route(maxReceiveByteCount: maxReceive, handler: handler)
    }

    /// Answers every method that has no handler of its own; without, they are UNIMPLEMENTED.
    package mutating func addFallback(handler: @escaping Handler) {
        precondition(fallback == nil, "the methods without handlers have two")
        fallback = Route(maxReceiveByteCount: nil, handler: handler)
    }

    func route(for path: String) -> Route? { routes[path] ?? fallback }

    func intercepted(by interceptors: [any ServerInterceptor]) -> ServiceRoutes {
        guard !interceptors.isEmpty else { return self }
        var copy = self
        for (path, route) in routes {
            copy.routes[path] = route.intercepted(by: interceptors.map { $0.interceptor(of: path) })
        }
        copy.fallback = fallback?.intercepted(by: interceptors)
        return copy
    }
}
