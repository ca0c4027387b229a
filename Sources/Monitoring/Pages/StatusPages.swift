/// What a node shows to who watches it, over plain HTTP.
package struct StatusPages: Sendable {
    /// `GET /metrics`.
    package let metrics: @Sendable () async -> MetricsText
    /// `GET /readyz`: why no work should be sent to the node now; `nil` where it is ready.
    package let obstacle: @Sendable () async -> String?

    package init(
        metrics: @escaping @Sendable () async -> MetricsText, obstacle: @escaping @Sendable () async -> String?
    ) {
        self.metrics = metrics
        self.obstacle = obstacle
    }

    /// One answer.
    struct Page: Sendable, Equatable {
        var status = 200
        var contentType = "text/plain; charset=utf-8"
        var body: String
    }

    /// - Parameter path: without a query.
    func page(_ path: String) async -> Page {
        switch path {
        case "/metrics":
            return Page(contentType: "text/plain; version=0.0.4; charset=utf-8", body: await metrics().text)
        // It answers, so the process lives.
        case "/healthz": return Page(body: "ok\n")
        case "/readyz":
            let obstacle = await obstacle()
            return Page(status: obstacle == nil ? 200 : 503, body: (obstacle ?? "ok") + "\n")
        default: return Page(status: 404, body: "there are /metrics, /healthz and /readyz\n")
        }
    }
}
