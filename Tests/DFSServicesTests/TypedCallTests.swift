import DFSCore
import DFSServices
import DFSWire
import NIOCore
import RPC
import Testing

@Suite struct TypedCallTests {
    @Test func unaryCallCarriesMessagesBothWays() async throws {
        let addRoutes = { (routes: inout ServiceRoutes) in
            routes.unary(Methods.allocateChunk) { (request: AllocateChunkRequest, _) in
                AllocateChunkResponse(chunkID: "\(request.fileName)_\(request.chunkIndex)", replicaServers: [":9001"])
            }
        }
        let response: AllocateChunkResponse = try await withServer(addRoutes) { peer in
            try await peer.unary(Methods.allocateChunk, AllocateChunkRequest(fileName: "ü", chunkIndex: 3))
        }
        #expect(response == AllocateChunkResponse(chunkID: "ü_3", replicaServers: [":9001"]))
    }

    /// What is said at once and what the handler says are the same to the caller.
    @Test func answerAtOnceIsLikeTheHandlers() async throws {
        let atOnce = { @Sendable (request: GetFileInfoRequest, _: ServerCall) throws -> GetFileInfoResponse? in
            switch request.fileName {
            case "wait": return nil
            case "fail": throw DFSError(.unavailable, "not now")
            default: return GetFileInfoResponse(fileInfo: [FileChunkInfo(chunkID: request.fileName)])
            }
        }
        let addRoutes = { (routes: inout ServiceRoutes) in
            routes.unary(Methods.getFileInfo, atOnce: atOnce) { (request: GetFileInfoRequest, _) in
                GetFileInfoResponse(fileInfo: [FileChunkInfo(chunkID: "waited for \(request.fileName)")])
            }
        }
        try await withServer(addRoutes) { peer in
            for (name, answer) in [("a", "a"), ("wait", "waited for wait")] {
                let response: GetFileInfoResponse = try await peer.unary(
                    Methods.getFileInfo, GetFileInfoRequest(fileName: name))
                #expect(response.fileInfo.map(\.chunkID) == [answer])
            }
            do throws(DFSError) {
                let _: GetFileInfoResponse = try await peer.unary(
                    Methods.getFileInfo, GetFileInfoRequest(fileName: "fail"))
                Issue.record("the call went well")
            } catch {
                #expect(error.code == .unavailable && error.message.hasSuffix("not now"))
            }
        }
    }

    @Test func errorOfTheHandlerReachesTheCaller() async throws {
        let addRoutes = { (routes: inout ServiceRoutes) in
            routes.unary(Methods.open) { (request: OpenRequest, _) -> OpenResponse in
                throw DFSError(.notFound, "no file \(request.name): 100% sure – ü")
            }
        }
        try await withServer(addRoutes) { peer in
            do throws(DFSError) {
                let _: OpenResponse = try await peer.unary(Methods.open, OpenRequest(name: "a"))
                Issue.record("the call went well")
            } catch {
                #expect(error.code == .notFound)
                #expect(error.message.hasSuffix("no file a: 100% sure – ü"))
            }
        }
    }

    @Test(arguments: [[0x0A, 0x05, 0x61], [0xFF, 0xFF, 0xFF], [0x0A, 0x01, 0xFF], [0x08, 0x01]] as [[UInt8]])
    func garbageMessageIsRefusedByName(_ bytes: [UInt8]) async throws {
        let addRoutes = { (routes: inout ServiceRoutes) in
            routes.unary(Methods.open) { (_: OpenRequest, _) in OpenResponse() }
        }
        try await withServer(addRoutes) { peer in
            do {
                _ = try await peer.channel.unary(Methods.open, RPCMessage(ByteBuffer(bytes: bytes)))
                Issue.record("the call went well")
            } catch let error as RPCError {
                #expect(error.code == .internalError)
                #expect(error.message.contains("dfs.OpenRequest"))
            }
        }
    }

    @Test func messageAboveItsTypesLimitIsRefused() async throws {
        let addRoutes = { (routes: inout ServiceRoutes) in
            routes.unary(Methods.open) { (_: OpenRequest, _) in OpenResponse() }
        }
        let code = try await withServer(addRoutes) { peer in
            await failureCode {
                let message = RPCMessage(ByteBuffer(repeating: 0, count: OpenRequest.maxByteCount + 1))
                _ = try await peer.channel.unary(Methods.open, message)
            }
        }
        #expect(code == .resourceExhausted)
    }

    @Test func callWithoutAMessageIsRefused() async throws {
        let addRoutes = { (routes: inout ServiceRoutes) in
            routes.unary(Methods.open) { (_: OpenRequest, _) in OpenResponse() }
        }
        let code = try await withServer(addRoutes) { peer in
            await failureCode {
                _ = try await peer.channel.withCall(Methods.open) { call in
                    call.finishSending()
                    return try await call.receive()
                }
            }
        }
        #expect(code == .internal)
    }

    @Test func nodeThatAnswersDescribeIsSwift() async throws {
        let answer = DescribeResponse(role: "master", chunkSize: 5)
        let addRoutes = { (routes: inout ServiceRoutes) in
            routes.unary(Methods.describe) { (_: DescribeRequest, _) in answer }
        }
        let kind = try await withServer(addRoutes) { try await $0.kind() }
        #expect(kind == .swift(answer))
    }

    @Test func nodeThatDoesNotKnowDescribeIsGo() async throws {
        let kind = try await withServer({ _ in }) { try await $0.kind() }
        #expect(kind == .go)
    }

    @Test func absentServerIsUnavailableAndNotGo() async throws {
        let peer = try await withServer({ _ in }) { $0 }
        let code = await failureCode { _ = try await peer.kind() }
        #expect(code == .unavailable || code == .cancelled)
    }
}
