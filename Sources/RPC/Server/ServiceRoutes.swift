/// Which handler answers which method.
package struct ServiceRoutes: Sendable {
    /// Answers one call. Returning ends it with OK; throwing an ``RPCError`` ends it with that status, and any other
    /// error with UNKNOWN. Runs on the event loop of the call's connection: it must not block.
    package typealias Handler = nonisolated(nonsending) @Sendable (ServerCall) async throws -> Void

    /// Answers a unary call from its one message, where nothing has to be waited for; what it throws ends the call as what a
    /// ``Handler`` throws does. `nil` leaves the call as it is to the ``Handler``. Runs on the event loop, too, and in no
    /// task, which costs more than a short answer does.
    package typealias ImmediateHandler = @Sendable (RPCMessage, ServerCall) throws -> RPCMessage?

    struct Route: Sendable {
        let maxReceiveByteCount: Int?
        let immediate: ImmediateHandler?
        let handler: Handler
    }

    private var routes: [String: Route] = [:]
    private var fallback: Route?

    package init() {}

    /// - Parameters:
    ///   - maxReceive: the largest message taken, in bytes, where it is not the server's.
    ///   - atOnce: of a unary method only. Asked before `handler`, unless the request comes in pieces or compressed, or the
    ///     server has interceptors, which may wait.
    package mutating func add(
        _ path: MethodPath, maxReceive: Int? = nil, atOnce: ImmediateHandler? = nil, handler: @escaping Handler
    ) {
        precondition(routes[path.path] == nil, "method \(path) has two handlers")
        routes[path.path] = Route(maxReceiveByteCount: maxReceive, immediate: atOnce, handler: handler)
    }

    /// Answers every method that has no handler of its own; without, they are UNIMPLEMENTED.
    ///
    /// - Parameter atOnce: as for a method.
    package mutating func addFallback(atOnce: ImmediateHandler? = nil, handler: @escaping Handler) {
        precondition(fallback == nil, "the methods without handlers have two")
        fallback = Route(maxReceiveByteCount: nil, immediate: atOnce, handler: handler)
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
