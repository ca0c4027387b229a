import DFSCore
import DFSServices
import DFSWire
import Logging
import NIOCore
import NIOPosix
import RPC
import Synchronization

/// Reads replicas on this machine from their files, where their servers lend these (short-circuit local reads, as HDFS calls
/// them), and remembers which servers do not.
///
/// It has threads of its own: one that stands in a read of a broken disk holds up nobody, not even the end of the client.
final class ShortCircuit: Sendable {
    /// A server that gave no file is not asked again for so long.
    private static let pause = Duration.seconds(60)
    /// More servers are not remembered.
    private static let maxRefusals = 256
    /// A server that has to read the chunk first, for want of its checksums, may take longer: then the bytes are downloaded.
    private static let limit = Duration.seconds(10)
    /// Fewer bytes come with the one call that a download takes, and cost less so than another call, a socket and a descriptor.
    static let leastByteCount = 256 << 10
    /// Replicas that are read at once, each on a thread; others are downloaded.
    private static let threadCount = 4

    /// Held by a replica as long as anything is done with it.
    final class Slot: Sendable {
        private let giveBack: @Sendable () -> Void

        fileprivate init(giveBack: @escaping @Sendable () -> Void) { self.giveBack = giveBack }

        deinit { giveBack() }
    }

    private struct State {
        var free = ShortCircuit.threadCount
        var refusals: [ServerAddress: ContinuousClock.Instant] = [:]
    }

    /// May block on disks.
    let threads = NIOThreadPool(numberOfThreads: ShortCircuit.threadCount)
    private let machine: LocalMachine
    private let logger: Logger
    private let state = Mutex(State())

    init(machine: LocalMachine, logger: Logger) {
        self.machine = machine
        self.logger = logger
        threads.start()
    }

    /// The replica's file, where the server is on this machine and lends it.
    ///
    /// - Parameter byteCount: of what is to be read; `nil` where nobody knows.
    /// - Returns: `nil` where the bytes are to be downloaded.
    /// - Throws: ``DFSError`` where a download would fail as well.
    func replica(_ chunkID: String, _ byteCount: Int?, on peer: Peer) async throws -> LocalReplica? {
        guard byteCount ?? .max >= Self.leastByteCount, machine.holds(peer.address), !isRefusing(peer.address),
            let slot = takeSlot()
        else { return nil }
        let answer: LendResponse
        do {
            answer = try await peer.unary(
                Methods.lendReplica, LendRequest(chunkID: chunkID), options: CallOptions(timeout: Self.limit))
        } catch {
            switch error.code {
            // A Go node, or an older one of ours.
            case .unimplemented: noteRefusal(peer.address)
            // It is told to lend nothing, or does not lend this chunk, or not soon enough.
            case .failedPrecondition, .resourceExhausted, .deadlineExceeded: break
            default: throw error
            }
            return nil
        }
        do {
            return try await threads.runIfActive {
                var replica = try LocalReplica(answer, of: chunkID)
                replica.slot = slot
                return replica
            }
        } catch let error as DFSError where error.code != .dataLoss {
            // Its socket is out of reach: another file system, another machine behind the same address.
            noteRefusal(peer.address)
            logger.debug(
                "a chunk server on this machine lends no file; reading over the network",
                metadata: ["server": "\(peer.address)", "error": "\(error)"])
            return nil
        }
    }

    /// Has what the server holds downloaded for some time.
    @inline(never)  // docs/decisions/0032
    func noteRefusal(_ address: ServerAddress) {
        state.withLock { state in
            if state.refusals.count >= Self.maxRefusals { state.refusals = [:] }
            state.refusals[address] = .now
        }
    }

    /// Ends the threads, without waiting for one that stands in a read.
    func close() { threads.shutdownGracefully { _ in } }

    private func takeSlot() -> Slot? {
        let isTaken = state.withLock { state in
            guard state.free > 0 else { return false }
            state.free -= 1
            return true
        }
        return isTaken ? Slot { [self] in state.withLock { $0.free += 1 } } : nil
    }

    private func isRefusing(_ address: ServerAddress) -> Bool {
        state.withLock { state in
            guard let since = state.refusals[address] else { return false }
            if .now - since < Self.pause { return true }
            state.refusals[address] = nil
            return false
        }
    }
}
