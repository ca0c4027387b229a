/// How many messages go each way, under the names of go-grpc-prometheus.
package enum CallKind: String, Sendable {
    case unary
    case clientStream = "client_stream"
    case serverStream = "server_stream"
    case bidirectional = "bidi_stream"
}
