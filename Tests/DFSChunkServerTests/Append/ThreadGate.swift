import DFSChunkStore
import DFSCore
import Foundation
import Testing

@testable import DFSChunkServer

/// Holds a thread until it is opened.
final class ThreadGate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func wait() { semaphore.wait() }

    func open() { semaphore.signal() }
}

extension ServerUnderTest {
    /// Bytes of the open chunk on this server's disk; `nil` where there is none.
    func openLength() async throws -> Int64? {
        let (store, id) = (try #require(server.store), try ChunkID("f_0"))
        return try store.unsealed(id)?.standing().length
    }
}
