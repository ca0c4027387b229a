import DFSCore
import DFSMetadata

// What the master asks of chunk servers by calls of its own, within the limits of `ServerWork` and `OpenChunkWork`.
extension MasterNode {
    private func call<Found>(
        _ address: ServerAddress, limit: Duration,
        _ handle: @escaping (any Server, @escaping (Result<Found, DFSError>) -> Void) -> Void,
        _ then: @escaping (Result<Found, DFSError>) -> Void
    ) {
        let server = simulation.server(at: address)
        simulation.network.call(
            .master, server.party, limit: simulation.local(limit, at: .master), isRepeatable: true,
            handle: { handle(server, $0) }, then: then)
    }

    func describe(_ address: ServerAddress) {
        call(address, limit: .seconds(5)) { (server, answer: (Result<any Server, DFSError>) -> Void) in
            answer(.success(server))
        } _: { [self] found in
            switch found {
            case .success(let server):
                post(.described(address, server.kind, nodeID: server.nodeID, location: server.location))
            case .failure: post(.described(address, .unknown, nodeID: "", location: nil))
            }
        }
    }

    func readBack(_ chunk: ChunkID, _ address: ServerAddress) {
        call(address, limit: .seconds(60)) { server, answer in
            server.find(chunk) { answer(.success($0)) }
        } _: { [self] (found: Result<Finding, DFSError>) in
            post(.readBack(chunk, at: address, (try? found.get()) ?? .unreachable))
        }
    }

    func fence(_ chunk: OpenVersion, _ address: ServerAddress) {
        call(address, limit: .seconds(5)) { server, answer in
            answer(server.fence(chunk))
        } _: { [self] found in
            simulation.trace.note(
                "\(address) fenced for \(chunk.chunk) v\(chunk.version): \((try? found.get()).map { "\($0.length)" } ?? "none")"
            )
            post(.fenced(chunk, at: address, try? found.get()))
        }
    }

    func seal(_ chunk: OpenVersion, _ length: UInt64, _ address: ServerAddress) {
        call(address, limit: .seconds(60)) { server, answer in
            answer(server.seal(chunk, length: length))
        } _: { [self] (found: Result<UInt32, DFSError>) in
            if case .success = found { simulation.tally.count(.chunkSealed) }
            post(.chunkSealed(chunk, length: length, at: address, crc32c: try? found.get()))
        }
    }
}
