import DFSCore
import DFSServices
import DFSWire
import Logging
import RPC
import Synchronization

/// Asks chunk servers on this machine for the files of replicas (short-circuit local reads, as HDFS calls them), and remembers
/// which of them give none.
final class ShortCircuit: Sendable {
    /// A server that gave no file is not asked again for so long.
    private static let pause = Duration.seconds(60)
    /// More servers are not remembered.
    private static let maxRefusals = 256
    /// The answer is a matter of one look at the disk, and the download that would be asked for otherwise takes no longer.
    private static let limit = Duration.seconds(10)

    private let machine: LocalMachine
    private let refusals = Mutex<[ServerAddress: ContinuousClock.Instant]>([:])

    init(machine: LocalMachine) { self.machine = machine }

    /// The replica's file, where the server is on this machine and lends it.
    ///
    /// - Returns: `nil` where the bytes are to be downloaded.
    /// - Throws: ``DFSError`` where a download would fail as well.
    func replica(_ chunkID: String, on peer: Peer, _ context: ClientContext) async throws -> LocalReplica? {
        guard machine.holds(peer.address), !isRefusing(peer.address) else { return nil }
        let answer: LendResponse
        do {
            answer = try await peer.unary(
                Methods.lendReplica, LendRequest(chunkID: chunkID), options: CallOptions(timeout: Self.limit))
        } catch {
            switch error.code {
            // A Go node, or an older one of ours.
            case .unimplemented: noteRefusal(peer.address)
            // It is told to lend nothing, or does not lend this chunk.
            case .failedPrecondition, .resourceExhausted: break
            default: throw error
            }
            return nil
        }
        do {
            return try await context.onFileThread { try LocalReplica(answer, of: chunkID) }
        } catch let error as DFSError where error.code != .dataLoss {
            // Its socket is out of reach: another file system, another machine behind the same address.
            noteRefusal(peer.address)
            context.logger.debug(
                "a chunk server on this machine lends no file; reading over the network",
                metadata: ["server": "\(peer.address)", "error": "\(error)"])
            return nil
        }
    }

    private func isRefusing(_ address: ServerAddress) -> Bool {
        refusals.withLock { refusals in
            guard let since = refusals[address] else { return false }
            if .now - since < Self.pause { return true }
            refusals[address] = nil
            return false
        }
    }

    private func noteRefusal(_ address: ServerAddress) {
        refusals.withLock { refusals in
            if refusals.count >= Self.maxRefusals { refusals = [:] }
            refusals[address] = .now
        }
    }
}
