import DFSCore
import DFSServices
import DFSWire
import RPC

extension MasterClient {
    /// Runs `body`, and tells the master meanwhile, again and again, that the upload is being written: one that lost its connection,
    /// or its master, may be at a chunk for longer than the master waits. Asks nothing where `body` is done sooner than that.
    ///
    /// - Throws: what `body` throws.
    func holding<Value: Sendable>(_ upload: FileUpload, _ body: () async throws -> Value) async throws -> Value {
        guard let id = upload.id else { return try await body() }
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try? await self.renew(id) }
            let value = try await body()
            tasks.cancelAll()
            return value
        }
    }

    /// Until it is cancelled, or there is nothing left to renew: the next call of the put says so.
    private func renew(_ id: String) async throws {
        let pause = context.configuration.renewalInterval
        while true {
            try await Task.sleep(for: pause)
            let options = CallOptions(timeout: pause, waitForReady: true)
            do {
                _ = try await peer.unary(
                    Methods.uploadState, UploadStateRequest(uploadID: id, renews: true), as: UploadStateResponse.self,
                    options: options)
            } catch  where error.code == .notFound || error.code == .unimplemented {
                return
            } catch {
                context.logger.debug("the upload was not renewed", metadata: ["error": "\(error)"])
            }
        }
    }

    /// An upload that the master does not know any more is no file that is missing.
    static func lost(_ error: DFSError) -> DFSError {
        guard error.code == .notFound else { return error }
        return DFSError(.unavailable, error.message, advice: .giveUp)
    }
}
