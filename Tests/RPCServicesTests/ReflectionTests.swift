import DFSServices
import DFSWire
import RPC
import Testing

@testable import RPCServices

@Suite struct ReflectionTests {
    private typealias Answer = ServerReflectionResponse.MessageResponse
    private static let master = StandardServices(services: Services.ofMaster)

    /// One stream, one question after the other.
    private func ask(
        _ questions: [ServerReflectionRequest.MessageRequest?], version: String = "v1"
    ) async throws -> [ServerReflectionResponse] {
        try await withServer(Self.master) { channel in
            let path = MethodPath(
                service: "grpc.reflection.\(version).ServerReflection", method: "ServerReflectionInfo")
            return try await channel.withCall(path) { call in
                var answers: [ServerReflectionResponse] = []
                for question in questions {
                    try await call.send(ServerReflectionRequest(host: "h", question))
                    answers.append(try #require(try await call.receive(ServerReflectionResponse.self)))
                }
                call.finishSending()
                #expect(try await call.receive() == nil)
                return answers
            }
        }
    }

    private func fileNames(_ answer: Answer?) -> [String] {
        guard case .fileDescriptor(let files) = answer else { return [] }
        return files.fileDescriptorProto.map { FileDescription(fileDescriptorProto: $0[...]).name }
    }

    private func errorCode(_ answer: Answer?) -> Int32? {
        if case .error(let error) = answer { error.errorCode } else { nil }
    }

    @Test(arguments: ["v1", "v1alpha"])
    func servicesAreListedWithTheStandardOnes(_ version: String) async throws {
        let answer = try await ask([.listServices("")], version: version)[0]
        #expect(answer.validHost == "h" && answer.originalRequest?.messageRequest == .listServices(""))
        guard case .listServices(let list) = answer.messageResponse else {
            Issue.record("no list: \(answer)")
            return
        }
        #expect(
            list.service.map(\.name) == [
                "dfs.Admin", "dfs.Append", "dfs.ChunkReports", "dfs.Cluster", "dfs.Inventory", "dfs.Leases",
                "dfs.Namespace", "dfs.Node", "dfs.Repair", "dfs.Trash",
                "grpc.health.v1.Health",
                "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection",
                "master.MasterService",
            ])
    }

    @Test func filesAreFoundByNameAndBySymbol() async throws {
        let answers = try await ask([
            .fileByFilename("cluster.proto"), .fileContainingSymbol("dfs.Namespace"),
            .fileContainingSymbol("dfs.Namespace.Open"), .fileContainingSymbol("dfs.OpenChunk"),
            .fileContainingSymbol("dfs.OpenChunk.version"),
            .fileContainingSymbol("grpc.health.v1.HealthCheckResponse.ServingStatus"),
            .fileContainingSymbol("grpc.health.v1.HealthCheckResponse.SERVING"),
            .fileContainingSymbol("grpc.reflection.v1alpha.ServerReflectionRequest.message_request"),
        ])
        let names = answers.map { fileNames($0.messageResponse) }
        let (cluster, health) = (["cluster.proto"], ["grpc/health/v1/health.proto"])
        #expect(
            names == [
                cluster, cluster, cluster, cluster, cluster, health, health,
                ["grpc/reflection/v1alpha/reflection.proto"],
            ])
    }

    @Test func whatIsNotThereIsAnErrorAndTheStreamGoesOn() async throws {
        let answers = try await ask([
            .fileByFilename("nothing.proto"), .fileContainingSymbol("dfs.Nothing"), .fileContainingSymbol("dfs"),
            .fileContainingExtension(ExtensionRequest(containingType: "dfs.OpenChunk", extensionNumber: 100)),
            .allExtensionNumbersOfType("dfs.Nothing"), nil, .allExtensionNumbersOfType("dfs.OpenChunk"),
        ])
        #expect(answers.map { errorCode($0.messageResponse) } == [5, 5, 5, 5, 5, 12, nil])
        #expect(
            answers.last?.messageResponse
                == .allExtensionNumbers(ExtensionNumberResponse(baseTypeName: "dfs.OpenChunk")))
    }

    @Test func everyServiceOfEveryNodeIsDescribed() {
        let pool = DescriptorPool(fileDescriptorSet: NodeDescriptorSet.bytes())
        for service in Services.ofMaster + Services.ofChunkServer {
            #expect(pool.file(declaring: service) != nil, "\(service)")
        }
    }

    @Test func importsComeWithAFileEachOnce() {
        let pool = DescriptorPool(fileDescriptorSet: set(["a": ["b", "c"], "b": ["c"], "c": []]))
        #expect(pool.closure(ofFile: "a")?.map(\.name) == ["a", "b", "c"])
        #expect(pool.closure(ofFile: "c")?.map(\.name) == ["c"])
        #expect(pool.closure(ofFile: "d") == nil)
    }

    /// A descriptor set of empty files: each with its imports.
    private func set(_ files: [String: [String]]) -> [UInt8] {
        func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2, UInt8(bytes.count)] + bytes }
        return files.flatMap { name, imports in
            field(1, field(1, Array(name.utf8)) + imports.flatMap { field(3, Array($0.utf8)) })
        }
    }
}
