import CMessages

/// `grpc.health.v1.HealthCheckRequest`: how is this service?
package struct HealthCheckRequest: WireMessage {
    /// The full name; empty for the whole server.
    package var service: String

    package init(service: String = "") {
        self.service = service
    }

    package static let codec = WireCodec<Self>(
        grpc__health__v1__health_check_request__init, limits: .names,
        read: { Self(service: text($0.service)) },
        write: { message, field, writer throws(WireError) in
            field.service = try writer.text(message.service, "service")
        })
}

/// `grpc.health.v1.HealthCheckResponse`: how the service is.
package struct HealthCheckResponse: WireMessage {
    package var status: ServingStatus

    package init(status: ServingStatus = .unknown) {
        self.status = status
    }

    package static let codec = WireCodec<Self>(
        grpc__health__v1__health_check_response__init, limits: .names,
        read: { Self(status: ServingStatus(rawValue: $0.status.rawValue) ?? .unknown) },
        write: { message, field, _ in field.status = .init(rawValue: message.status.rawValue) })
}

/// `grpc.health.v1.HealthCheckResponse.ServingStatus`. A number that a later version may add is ``unknown``.
package enum ServingStatus: UInt32, Sendable {
    case unknown = 0
    case serving = 1
    case notServing = 2
    /// Said by Watch only: nobody knows the service, as yet.
    case serviceUnknown = 3
}
