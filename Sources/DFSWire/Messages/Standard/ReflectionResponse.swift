import CMessages

/// `grpc.reflection.v1.ServerReflectionResponse`: the answer to one question. v1alpha is the same bytes.
package struct ServerReflectionResponse: WireMessage {
    /// The answer itself.
    package enum MessageResponse: Sendable, Equatable {
        case fileDescriptor(FileDescriptorResponse)
        case allExtensionNumbers(ExtensionNumberResponse)
        case listServices(ListServiceResponse)
        case error(ErrorResponse)
    }

    /// The host that the question named.
    package var validHost: String
    package var originalRequest: ServerReflectionRequest?
    package var messageResponse: MessageResponse?

    package init(
        validHost: String = "", originalRequest: ServerReflectionRequest? = nil,
        _ messageResponse: MessageResponse? = nil
    ) {
        self.validHost = validHost
        self.originalRequest = originalRequest
        self.messageResponse = messageResponse
    }

    package static let codec = WireCodec<Self>(
        grpc__reflection__v1__server_reflection_response__init,
        read: { field in
            Self(
                validHost: text(field.valid_host), originalRequest: nested(field.original_request),
                MessageResponse(field))
        },
        write: { message, field, writer throws(WireError) in
            field.valid_host = try writer.text(message.validHost, "valid_host")
            if let request = message.originalRequest { field.original_request = try writer.nested(request) }
            try message.messageResponse?.write(to: &field, writer)
        })
}

extension ServerReflectionResponse.MessageResponse {
    fileprivate init?(_ field: Grpc__Reflection__V1__ServerReflectionResponse) {
        switch field.message_response_case.rawValue {
        case 4: self = .fileDescriptor(nested(field.file_descriptor_response) ?? FileDescriptorResponse())
        case 5: self = .allExtensionNumbers(nested(field.all_extension_numbers_response) ?? ExtensionNumberResponse())
        case 6: self = .listServices(nested(field.list_services_response) ?? ListServiceResponse())
        case 7: self = .error(nested(field.error_response) ?? ErrorResponse())
        default: return nil
        }
    }

    fileprivate func write(
        to field: inout Grpc__Reflection__V1__ServerReflectionResponse, _ writer: WireWriter
    ) throws(WireError) {
        switch self {
        case .fileDescriptor(let response):
            field.message_response_case = .init(rawValue: 4)
            field.file_descriptor_response = try writer.nested(response)
        case .allExtensionNumbers(let response):
            field.message_response_case = .init(rawValue: 5)
            field.all_extension_numbers_response = try writer.nested(response)
        case .listServices(let response):
            field.message_response_case = .init(rawValue: 6)
            field.list_services_response = try writer.nested(response)
        case .error(let response):
            field.message_response_case = .init(rawValue: 7)
            field.error_response = try writer.nested(response)
        }
    }
}

/// `grpc.reflection.v1.FileDescriptorResponse`: a file and all that it imports.
package struct FileDescriptorResponse: WireMessage {
    /// Serialized `google.protobuf.FileDescriptorProto`.
    package var fileDescriptorProto: [[UInt8]]

    package init(fileDescriptorProto: [[UInt8]] = []) {
        self.fileDescriptorProto = fileDescriptorProto
    }

    package static let codec = WireCodec<Self>(
        grpc__reflection__v1__file_descriptor_response__init,
        read: { Self(fileDescriptorProto: byteLists($0.file_descriptor_proto, $0.n_file_descriptor_proto)) },
        write: { message, field, writer throws(WireError) in
            (field.n_file_descriptor_proto, field.file_descriptor_proto) =
                try writer.byteLists(message.fileDescriptorProto)
        })
}

/// `grpc.reflection.v1.ExtensionNumberResponse`: the extensions of a message type, of which ours have none. So the list
/// of numbers is not here, and a peer's is refused: the scan knows no packed lists.
package struct ExtensionNumberResponse: WireMessage {
    /// `package.Message`
    package var baseTypeName: String

    package init(baseTypeName: String = "") {
        self.baseTypeName = baseTypeName
    }

    package static let codec = WireCodec<Self>(
        grpc__reflection__v1__extension_number_response__init,
        read: { Self(baseTypeName: text($0.base_type_name)) },
        write: { message, field, writer throws(WireError) in
            field.base_type_name = try writer.text(message.baseTypeName, "base_type_name")
        })
}

/// `grpc.reflection.v1.ListServiceResponse`: what a server speaks.
package struct ListServiceResponse: WireMessage {
    package var service: [ServiceResponse]

    package init(service: [ServiceResponse] = []) {
        self.service = service
    }

    package static let codec = WireCodec<Self>(
        grpc__reflection__v1__list_service_response__init,
        read: { Self(service: nestedList($0.service, $0.n_service)) },
        write: { message, field, writer throws(WireError) in
            (field.n_service, field.service) = try writer.nestedList(message.service)
        })
}

/// `grpc.reflection.v1.ServiceResponse`: one service.
package struct ServiceResponse: WireMessage {
    /// `package.Service`
    package var name: String

    package init(name: String = "") {
        self.name = name
    }

    package static let codec = WireCodec<Self>(
        grpc__reflection__v1__service_response__init,
        read: { Self(name: text($0.name)) },
        write: { message, field, writer throws(WireError) in field.name = try writer.text(message.name, "name") })
}

/// `grpc.reflection.v1.ErrorResponse`: why a question has no answer.
package struct ErrorResponse: WireMessage {
    /// The number of a gRPC status code.
    package var errorCode: Int32
    package var errorMessage: String

    package init(errorCode: Int32 = 0, errorMessage: String = "") {
        self.errorCode = errorCode
        self.errorMessage = errorMessage
    }

    package static let codec = WireCodec<Self>(
        grpc__reflection__v1__error_response__init,
        read: { Self(errorCode: $0.error_code, errorMessage: text($0.error_message)) },
        write: { message, field, writer throws(WireError) in
            field.error_code = message.errorCode
            field.error_message = try writer.text(message.errorMessage, "error_message")
        })
}
