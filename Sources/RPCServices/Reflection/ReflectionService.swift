import DFSServices
import DFSWire
import RPC

/// `grpc.reflection.v1.ServerReflection`, and v1alpha, which is the same bytes (gRPC "Server Reflection Protocol").
struct ReflectionService: Sendable {
    static let names = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"]

    private let services: [String]
    private let descriptors: DescriptorPool

    /// - Parameter services: full names of all that the server has; each must be declared in `descriptors`.
    init(services: [String], descriptors: DescriptorPool) {
        for service in services {
            precondition(descriptors.services.contains(service), "no embedded file declares service \(service)")
        }
        self.services = services.sorted()
        self.descriptors = descriptors
    }

    func add(to routes: inout ServiceRoutes) {
        let service = self
        for name in Self.names {
            let path = MethodPath(service: name, method: "ServerReflectionInfo")
            routes.streaming(path, maxReceive: ServerReflectionRequest.maxByteCount) { call in
                while let request = try await call.receive(ServerReflectionRequest.self) {
                    let answer = service.answer(request.messageRequest)
                    try await call.send(
                        ServerReflectionResponse(validHost: request.host, originalRequest: request, answer))
                }
            }
        }
    }

    /// What cannot be answered is an error in the answer; the stream goes on.
    func answer(
        _ request: ServerReflectionRequest.MessageRequest?
    ) -> ServerReflectionResponse.MessageResponse {
        switch request {
        case .fileByFilename(let name):
            return files(name) ?? notFound("file \(name)")
        case .fileContainingSymbol(let symbol):
            return descriptors.file(declaring: symbol).flatMap(files) ?? notFound("symbol \(symbol)")
        case .fileContainingExtension(let request):
            return notFound("extension \(request.extensionNumber) of \(request.containingType)")
        case .allExtensionNumbersOfType(let name):
            guard descriptors.hasMessage(name) else { return notFound("message type \(name)") }
            return .allExtensionNumbers(ExtensionNumberResponse(baseTypeName: name))
        case .listServices:
            return .listServices(ListServiceResponse(service: services.map { ServiceResponse(name: $0) }))
        case nil:
            return error(.unimplemented, "the request asks nothing that this server knows")
        }
    }

    private func files(_ name: String) -> ServerReflectionResponse.MessageResponse? {
        descriptors.closure(ofFile: name).map { files in
            .fileDescriptor(FileDescriptorResponse(fileDescriptorProto: files.map(\.bytes)))
        }
    }

    private func notFound(_ what: String) -> ServerReflectionResponse.MessageResponse {
        error(.notFound, "this server knows no \(what)")
    }

    private func error(_ code: RPCCode, _ message: String) -> ServerReflectionResponse.MessageResponse {
        .error(ErrorResponse(errorCode: Int32(code.rawValue), errorMessage: message))
    }
}
