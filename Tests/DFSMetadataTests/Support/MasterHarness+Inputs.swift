import DFSCore
import Testing

@testable import DFSMetadata

// Inputs by short names: servers are addresses, connections numbers.
extension MasterHarness {
    static let mebibyte: UInt64 = 1 << 20

    /// Connections of servers are numbered apart from those of clients.
    static func connection(of server: ServerAddress, life: UInt64) -> ConnectionToken {
        ConnectionToken(rawValue: 1_000_000 + UInt64(server.port) * 100 + life)
    }

    static func stream(of server: ServerAddress, life: UInt64) -> StreamToken {
        StreamToken(rawValue: UInt64(server.port) * 100 + life)
    }

    /// Each Swift node has one of its own.
    static func nodeID(of server: ServerAddress) -> String { "node-\(server.port)" }

    mutating func heartbeat(
        _ address: String, free: UInt64 = 10_000, life: UInt64 = 0, _ chunks: [ChunkID] = []
    ) throws -> [Effect] {
        let server = try ServerAddress(address)
        let report = ServerReport(
            address: server, connection: Self.connection(of: server, life: life), freeBytes: free * Self.mebibyte,
            chunks: chunks)
        return step(.heartbeat(report, Self.stream(of: server, life: life)))
    }

    mutating func register(
        _ address: String, free: UInt64 = 10_000, life: UInt64 = 0, _ chunks: [ChunkID] = []
    ) throws -> [Effect] {
        let server = try ServerAddress(address)
        let report = ServerReport(
            address: server, connection: Self.connection(of: server, life: life), freeBytes: free * Self.mebibyte,
            chunks: chunks)
        return ask { .register(report, $0) }.effects
    }

    mutating func described(_ address: String, _ kind: NodeKind, location: String? = nil) throws -> [Effect] {
        let place = try location.map { try NetworkLocation($0) }
        return step(
            .described(
                try ServerAddress(address), kind,
                nodeID: kind == .swift ? Self.nodeID(of: try ServerAddress(address)) : "",
                location: place))
    }

    mutating func report(
        _ address: String, life: UInt64 = 0, _ replicas: [(ChunkID, Digest)], adopted: Set<ChunkID> = [],
        syncedOn: [String] = [],
        damaged: [ChunkID] = [], keptDamaged: [ChunkID] = []
    ) throws -> (answer: Result<Answer, DFSError>, effects: [Effect]) {
        let server = try ServerAddress(address)
        let report = ReplicaReport(
            address: server, nodeID: Self.nodeID(of: server), connection: Self.connection(of: server, life: life),
            replicas: replicas, adopted: adopted,
            syncedOn: try syncedOn.map { try ServerAddress($0) }, damaged: damaged, keptDamaged: keptDamaged)
        return ask { .report(report, $0) }
    }

    /// The server asks where an upload to it is to be forwarded.
    mutating func targets(_ id: ChunkID, from address: String) throws -> [String] {
        let server = try ServerAddress(address)
        guard case .targets(let servers) = try ask({ .targets(id, asker: server, $0) }).answer.get() else {
            throw WrongAnswer()
        }
        return servers.map(\.description)
    }

    mutating func repair() throws -> RepairStatus { try ask { .repairStatus($0) }.answer.repair() }

    mutating func create(
        _ name: String, over connection: UInt64 = 1, copies: Int? = nil, replaces: Bool = false, id: String = "",
        attributes: [String: String] = [:], keep: UInt32 = 0
    ) throws -> (answer: Result<Answer, DFSError>, effects: [Effect]) {
        let request = CreationRequest(
            name: try FileName(name), replication: copies, replaces: replaces, id: id,
            attributes: try FileAttributes(attributes), keepSeconds: keep,
            connection: ConnectionToken(rawValue: connection))
        return ask { .create(request, $0) }
    }

    mutating func allocate(
        _ name: String, _ index: Int, upload: FileID? = nil, excluding: [String] = [], from location: String? = nil,
        over connection: UInt64 = 1
    ) throws -> (answer: Result<Answer, DFSError>, effects: [Effect]) {
        let request = AllocationRequest(
            name: try FileName(name), index: index, upload: upload,
            excluded: try excluding.map { try ServerAddress($0) },
            location: try location.map { try NetworkLocation($0) },
            connection: ConnectionToken(rawValue: connection))
        return ask { .allocate(request, $0) }
    }

    mutating func renew(
        _ upload: FileID, over connection: UInt64
    ) -> (answer: Result<Answer, DFSError>, effects: [Effect]) {
        ask { .renewUpload(upload, ConnectionToken(rawValue: connection), $0) }
    }

    mutating func complete(
        _ upload: FileID, _ chunks: [WrittenChunk], over connection: UInt64 = 1
    ) -> (answer: Result<Answer, DFSError>, effects: [Effect]) {
        let request = CompletionRequest(
            upload: upload, connection: ConnectionToken(rawValue: connection), chunks: chunks)
        return ask { .complete(request, $0) }
    }

    mutating func open(
        _ name: String, from location: String? = nil, over connection: UInt64 = 2
    ) throws -> (answer: Result<Answer, DFSError>, effects: [Effect]) {
        let name = try FileName(name)
        let reader = try location.map { try NetworkLocation($0) }
        return ask { .open(name, near: reader, ConnectionToken(rawValue: connection), $0) }
    }

    mutating func fileInfo(
        _ name: String, over connection: UInt64 = 2
    ) throws -> (answer: Result<Answer, DFSError>, effects: [Effect]) {
        let name = try FileName(name)
        return ask { .fileInfo(name, ConnectionToken(rawValue: connection), $0) }
    }

    mutating func close(_ connection: UInt64) -> [Effect] {
        step(.connectionClosed(ConnectionToken(rawValue: connection)))
    }

    mutating func readBack(_ chunk: ChunkID, _ address: String, _ finding: Finding) throws -> [Effect] {
        step(.readBack(chunk, at: try ServerAddress(address), finding))
    }

    mutating func tick(after duration: Duration = .zero) -> [Effect] {
        pass(duration)
        return step(.tick)
    }
}
