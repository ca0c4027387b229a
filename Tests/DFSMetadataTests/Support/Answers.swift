import DFSCore
import Testing

@testable import DFSMetadata

// What tests want to know of answers and effects.

struct WrongAnswer: Error {}

extension Result<Answer, DFSError> {
    var code: DFSError.Code? {
        if case .failure(let error) = self { error.code } else { nil }
    }

    var message: String? {
        if case .failure(let error) = self { error.message } else { nil }
    }

    func upload() throws -> FileID {
        guard case .created(let id, _, _) = try get() else { throw WrongAnswer() }
        return id
    }

    func uploadState() throws -> UploadState {
        guard case .uploadState(let state) = try get() else { throw WrongAnswer() }
        return state
    }

    func allocation() throws -> (id: ChunkID, servers: [String]) {
        guard case .allocated(let id, let servers) = try get() else { throw WrongAnswer() }
        return (id, servers.map(\.description))
    }

    func opened() throws -> OpenedFile {
        guard case .opened(let file) = try get() else { throw WrongAnswer() }
        return file
    }

    func located() throws -> [LocatedChunk] {
        guard case .fileInfo(let chunks) = try get() else { throw WrongAnswer() }
        return chunks
    }

    func place() throws -> AppendPlace {
        guard case .appending(let place) = try get() else { throw WrongAnswer() }
        return place
    }

    func leases() throws -> LeaseAnswer {
        guard case .leases(let answer) = try get() else { throw WrongAnswer() }
        return answer
    }

    func repair() throws -> RepairStatus {
        guard case .repair(let status) = try get() else { throw WrongAnswer() }
        return status
    }

    func unwanted() throws -> [ChunkID] {
        guard case .reported(let unwanted, _) = try get() else { throw WrongAnswer() }
        return unwanted
    }
}

/// A copy that was ordered.
struct CopyOrder: Equatable {
    let chunk: ChunkID
    let source: String
    let target: String
}

extension [Effect] {
    /// `chunk>target` of each copy that was ordered.
    var copies: [String] { batches.flatMap { $0.copies.map { "\($0.chunk)>\($0.target)" } } }

    /// Each copy that was ordered.
    var orders: [CopyOrder] {
        flatMap { effect -> [CopyOrder] in
            guard case .log(.copyOrdered(let chunk, let source, let target)) = effect else { return [] }
            return [CopyOrder(chunk: chunk, source: source.description, target: target.description)]
        }
    }

    var deletions: [ChunkID] { batches.flatMap(\.deletions) }

    /// `chunk@server` of each read that was asked for.
    var reads: [String] {
        compactMap { if case .readBack(let chunk, let server) = $0 { "\(chunk)@\(server)" } else { nil } }
    }

    /// `version@server` of each fence.
    var fences: [String] {
        compactMap { if case .fence(let chunk, let server) = $0 { "\(chunk.version)@\(server)" } else { nil } }
    }

    /// `length@server` of each order to seal.
    var sealOrders: [String] {
        compactMap { if case .seal(_, let length, let server) = $0 { "\(length)@\(server)" } else { nil } }
    }

    var described: [String] {
        compactMap { if case .describe(let server) = $0 { server.description } else { nil } }
    }

    var mutations: [Mutation] {
        compactMap { if case .persist(let mutation) = $0 { mutation } else { nil } }
    }

    private var batches: [TaskBatch] {
        compactMap { if case .heartbeatResponse(_, let batch) = $0 { batch } else { nil } }
    }
}

extension Digest {
    /// A full chunk.
    static let full = Digest(length: 64 << 20, crc32c: 7)
    /// A short last chunk.
    static let short = Digest(length: 1000, crc32c: 8)
    /// Part of the short chunk.
    static let torn = Digest(length: 400, crc32c: 9)
}
