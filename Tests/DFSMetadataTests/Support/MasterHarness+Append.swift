import DFSCore

@testable import DFSMetadata

// What appenders and the servers of open chunks do, by short names.
extension MasterHarness {
    /// A master out of safe mode with these chunk servers, which are ours.
    static func withSwiftServers(_ servers: [String] = [":1", ":2", ":3"]) throws -> MasterHarness {
        var master = MasterHarness(policy: .withoutSafeMode)
        for server in servers { try master.join(.swift, server) }
        return master
    }

    /// Of a complete file.
    func fileID(_ name: String) throws -> FileID {
        guard case .file(let id) = state.namespace.node(at: try FileName(name)) else { throw WrongAnswer() }
        return id
    }

    mutating func openAppend(
        _ name: String, _ writer: String = "w", alone: Bool = false, failed: OpenVersion? = nil,
        excluding excluded: [String] = []
    ) throws -> (answer: Result<Answer, DFSError>, effects: [Effect]) {
        let request = AppendRequest(
            name: try FileName(name), writer: writer, isExclusive: alone, failed: failed,
            excluded: try excluded.map { try ServerAddress($0) })
        return ask { .openAppend(request, $0) }
    }

    mutating func closeAppend(_ name: String, _ writer: String = "w") throws -> [Effect] {
        let name = try FileName(name)
        return ask { .closeAppend(name, writer: writer, $0) }.effects
    }

    mutating func renew(
        _ server: ServerAddress, _ held: [OpenVersion], ended: [OpenVersion] = [], life: UInt64 = 0
    ) -> (answer: Result<Answer, DFSError>, effects: [Effect]) {
        let request = LeaseRequest(
            address: server, nodeID: Self.nodeID(of: server), connection: Self.connection(of: server, life: life),
            held: held,
            ended: ended.map { ($0, []) })
        return ask { .renewLeases(request, $0) }
    }

    mutating func fenced(_ chunk: OpenVersion, _ server: ServerAddress, _ answer: FenceAnswer?) -> [Effect] {
        step(.fenced(chunk, at: server, answer))
    }

    mutating func sealed(_ chunk: OpenVersion, _ length: UInt64, _ server: ServerAddress, _ crc: UInt32?) -> [Effect] {
        step(.chunkSealed(chunk, length: length, at: server, crc32c: crc))
    }

    /// A file with an open chunk whose primary has its lease.
    mutating func openChunk(of name: String) throws -> AppendPlace {
        _ = try putFile(name)
        let place = try openAppend(name).answer.place()
        _ = try renew(place.servers[0], [place.chunk]).answer.leases()
        return place
    }
}

extension OpenVersion {
    /// The same chunk, in a later version.
    func raised(by count: UInt64 = 1) -> OpenVersion { OpenVersion(chunk: chunk, version: version + count) }
}
