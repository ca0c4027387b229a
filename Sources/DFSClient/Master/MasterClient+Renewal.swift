import DFSCore
import DFSServices
import DFSWire
import RPC
import Synchronization

/// The uploads of a client that are being written, so that one task tells the master of those that take long. Most puts are over
/// before anything is to be told: they cost an entry, and no timer of their own.
final class UploadsAtWork: Sendable {
    private struct State {
        var begun: [String: ContinuousClock.Instant] = [:]
        /// Whether a task tells of them.
        var isTold = false
    }

    private let state = Mutex(State())

    // Not inlined behind a suspension, like the others (docs/decisions/0032).
    /// - Returns: whether the caller is to start the task that tells of them.
    @inline(never)
    func enter(_ id: String) -> Bool {
        state.withLock { state in
            state.begun[id] = .now
            defer { state.isTold = true }
            return !state.isTold
        }
    }

    @inline(never)
    func leave(_ id: String) { state.withLock { $0.begun[id] = nil } }

    @inline(never)
    func contains(_ id: String) -> Bool { state.withLock { $0.begun[id] != nil } }

    /// Those that are as old as `age`; `nil` where there are none at all, and the task is to end.
    @inline(never)
    func old(for age: Duration) -> [String]? {
        state.withLock { state in
            if state.begun.isEmpty {
                state.isTold = false
                return nil
            }
            let limit = ContinuousClock.now - age
            return state.begun.filter { $0.value <= limit }.keys.sorted()
        }
    }
}

extension MasterClient {
    /// Runs `body`, and tells the master meanwhile, again and again, that the upload is being written: one that lost its connection,
    /// or its master, may be at a chunk for longer than the master waits. Asks nothing where `body` is done sooner than that.
    ///
    /// - Throws: what `body` throws.
    func holding<Value>(_ upload: FileUpload, _ body: () async throws -> Value) async throws -> Value {
        guard let id = upload.id else { return try await body() }
        if uploadsAtWork.enter(id) { Task { await tellOfUploads() } }
        defer { uploadsAtWork.leave(id) }
        return try await body()
    }

    /// Until no upload is left, and so at most an interval longer than the last.
    private func tellOfUploads() async {
        let pause = context.configuration.renewalInterval
        while true {
            try? await Task.sleep(for: pause)
            guard let ids = uploadsAtWork.old(for: pause) else { return }
            for id in ids where uploadsAtWork.contains(id) { await renew(id, within: pause) }
        }
    }

    private func renew(_ id: String, within limit: Duration) async {
        do {
            _ = try await peer.unary(
                Methods.uploadState, UploadStateRequest(uploadID: id, renews: true), as: UploadStateResponse.self,
                options: CallOptions(timeout: limit, waitForReady: true))
        } catch  where error.code == .notFound || error.code == .unimplemented {
            // There is nothing left to renew: the next call of the put says so.
            uploadsAtWork.leave(id)
        } catch {
            context.logger.debug("the upload was not renewed", metadata: ["error": "\(error)"])
        }
    }

    /// An upload that the master does not know any more is no file that is missing.
    static func lost(_ error: DFSError) -> DFSError {
        guard error.code == .notFound else { return error }
        return DFSError(.unavailable, error.message, advice: .giveUp)
    }
}
