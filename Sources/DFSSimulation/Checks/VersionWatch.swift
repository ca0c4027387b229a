import DFSCore
import DFSMetadata

/// What must hold of the versions of open chunks: the same version is the same bytes, and nothing is taken below a fence that was
/// answered. Versions that nobody looks at any more stay: there are some hundred in a run.
final class VersionWatch {
    private struct Fence: Hashable {
        let server: Int
        let chunk: ChunkID
    }

    unowned let simulation: Simulation
    private var fences: [Fence: UInt64] = [:]
    /// What some server has taken under a version.
    private var contents: [OpenVersion: [UInt8]] = [:]

    init(_ simulation: Simulation) { self.simulation = simulation }

    /// A server has told the master that it takes nothing for a lower version.
    func answersFence(_ server: ChunkServer, _ chunk: OpenVersion) {
        let key = Fence(server: server.number, chunk: chunk.chunk)
        fences[key] = max(fences[key] ?? 0, chunk.version)
    }

    /// A server has taken bytes.
    func takes(_ server: ChunkServer, _ chunk: OpenVersion, _ bytes: [UInt8], at offset: Int) {
        if let fence = fences[Fence(server: server.number, chunk: chunk.chunk)], chunk.version < fence {
            return simulation.violate(
                "\(server.party) takes bytes of \(chunk.chunk) for version \(chunk.version) after it has answered a fence "
                    + "for \(fence)")
        }
        let known = contents[chunk] ?? []
        let end = min(known.count, offset + bytes.count)
        guard offset <= known.count, known[offset..<max(offset, end)] == bytes[..<max(0, end - offset)] else {
            return simulation.violate(
                "version \(chunk.version) of \(chunk.chunk) has other bytes at \(offset) elsewhere")
        }
        contents[chunk] = known + bytes[max(0, end - offset)...]
    }
}
