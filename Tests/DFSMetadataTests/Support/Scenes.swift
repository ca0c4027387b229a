import DFSCore
import Testing

@testable import DFSMetadata

// Situations that many tests begin from.
extension MasterHarness {
    /// Servers of one kind, with room.
    mutating func join(_ kind: NodeKind, _ addresses: String...) throws {
        for address in addresses {
            _ = try heartbeat(address)
            _ = try described(address, kind)
        }
    }

    /// A file of one short chunk, complete on `servers`, put by a Swift client.
    mutating func putFile(_ name: String, _ digest: Digest = .short) throws -> (id: ChunkID, servers: [String]) {
        let upload = try create(name).answer.upload()
        let (id, servers) = try allocate(name, 0, upload: upload).answer.allocation()
        for server in servers where isSwift(server) { _ = try report(server, [(id, digest)]) }
        let written = WrittenChunk(id: id, digest: digest, servers: try servers.map { try ServerAddress($0) })
        _ = try complete(upload, [written]).answer.get()
        return (id, servers)
    }

    /// Heartbeats of the servers with these lists, so that they stay alive.
    mutating func beat(_ lists: [String: [ChunkID]]) throws -> [Effect] {
        var effects: [Effect] = []
        for (server, chunks) in lists.sorted(by: { $0.key < $1.key }) {
            effects += try heartbeat(server, chunks)
        }
        return effects
    }

    /// Servers read the copies that they are told to read, and find this; returns `effects` and all that followed.
    mutating func read(_ effects: [Effect], _ finding: Finding = .read(.short)) throws -> [Effect] {
        var all = effects
        var next = 0
        while next < all.count {
            if case .readBack(let chunk, let server) = all[next] {
                all += try readBack(chunk, server.description, finding)
            }
            next += 1
        }
        return all
    }

    func isSwift(_ address: String) -> Bool {
        guard let server = try? ServerAddress(address), let handle = state.servers.handle(of: server) else {
            return false
        }
        return state.servers[handle].kind == .swift
    }
}
