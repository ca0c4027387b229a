import HTTP2

/// What the headers of a request ask for, and who answers it. The calls of a connection that have the same headers share
/// one.
final class Request: Sendable {
    let path: String
    let headers: RequestHeaders
    let route: ServiceRoutes.Route
    let connectionID: ConnectionID
    /// The client's numeric IP address.
    let peerHost: String
    /// The header block that says so.
    let block: HeaderBlock

    init(
        path: String, headers: RequestHeaders, route: ServiceRoutes.Route, connectionID: ConnectionID, peerHost: String,
        block: HeaderBlock
    ) {
        self.path = path
        self.headers = headers
        self.route = route
        self.connectionID = connectionID
        self.peerHost = peerHost
        self.block = block
    }
}
