import CMessages

/// `grpc.reflection.v1.ServerReflectionRequest`: one question about what a server speaks. v1alpha is the same bytes.
package struct ServerReflectionRequest: WireMessage {
    /// The question itself.
    package enum MessageRequest: Sendable, Equatable {
        /// Of a file named as import statements name it.
        case fileByFilename(String)
        /// Of the file that declares `package.Service`, `package.Service.Method`, `package.Message` and so on.
        case fileContainingSymbol(String)
        case fileContainingExtension(ExtensionRequest)
        /// Of `package.Message`.
        case allExtensionNumbersOfType(String)
        /// The text has no meaning.
        case listServices(String)
    }

    package var host: String
    /// `nil` where none is asked, or one that this version does not know.
    package var messageRequest: MessageRequest?

    package init(host: String = "", _ messageRequest: MessageRequest? = nil) {
        self.host = host
        self.messageRequest = messageRequest
    }

    package static let codec = WireCodec<Self>(
        grpc__reflection__v1__server_reflection_request__init, limits: .names,
        read: { field in
            Self(host: text(field.host), MessageRequest(field))
        },
        write: { message, field, writer throws(WireError) in
            field.host = try writer.text(message.host, "host")
            try message.messageRequest?.write(to: &field, writer)
        })
}

extension ServerReflectionRequest.MessageRequest {
    fileprivate init?(_ field: Grpc__Reflection__V1__ServerReflectionRequest) {
        switch field.message_request_case.rawValue {
        case 3: self = .fileByFilename(text(field.file_by_filename))
        case 4: self = .fileContainingSymbol(text(field.file_containing_symbol))
        case 5: self = .fileContainingExtension(nested(field.file_containing_extension) ?? ExtensionRequest())
        case 6: self = .allExtensionNumbersOfType(text(field.all_extension_numbers_of_type))
        case 7: self = .listServices(text(field.list_services))
        default: return nil
        }
    }

    /// The number of the field that the question stands in.
    private var number: UInt32 {
        switch self {
        case .fileByFilename: 3
        case .fileContainingSymbol: 4
        case .fileContainingExtension: 5
        case .allExtensionNumbersOfType: 6
        case .listServices: 7
        }
    }

    fileprivate func write(
        to field: inout Grpc__Reflection__V1__ServerReflectionRequest, _ writer: WireWriter
    ) throws(WireError) {
        field.message_request_case = .init(rawValue: number)
        switch self {
        case .fileByFilename(let name): field.file_by_filename = try writer.text(name, "file_by_filename")
        case .fileContainingSymbol(let name):
            field.file_containing_symbol = try writer.text(name, "file_containing_symbol")
        case .fileContainingExtension(let request): field.file_containing_extension = try writer.nested(request)
        case .allExtensionNumbersOfType(let name):
            field.all_extension_numbers_of_type = try writer.text(name, "all_extension_numbers_of_type")
        case .listServices(let any): field.list_services = try writer.text(any, "list_services")
        }
    }
}

/// `grpc.reflection.v1.ExtensionRequest`: an extension by what it extends.
package struct ExtensionRequest: WireMessage {
    /// `package.Message`
    package var containingType: String
    package var extensionNumber: Int32

    package init(containingType: String = "", extensionNumber: Int32 = 0) {
        self.containingType = containingType
        self.extensionNumber = extensionNumber
    }

    package static let codec = WireCodec<Self>(
        grpc__reflection__v1__extension_request__init, limits: .names,
        read: { Self(containingType: text($0.containing_type), extensionNumber: $0.extension_number) },
        write: { message, field, writer throws(WireError) in
            field.containing_type = try writer.text(message.containingType, "containing_type")
            field.extension_number = message.extensionNumber
        })
}
