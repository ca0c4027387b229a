import DFSChunkStore
import DFSCore
import Logging

/// Compares chunks with their checksums, and acts on what that finds: the one place where a chunk is found damaged.
struct ReplicaChecker: Sendable {
    let suspicions: Suspicions
    let store: ChunkStore
    let threads: DiskThreads
    let master: MasterSession
    let changes: ChangeSignal
    let logger: Logger

    /// Checks what is suspected, one chunk at a time, until the task is cancelled.
    func run() async {
        while let (id, cause) = await suspicions.next() {
            do {
                let finding = try await find(id, threads, isSuspect: true)
                switch suspicions.causeNow(of: id, begunFor: cause) {
                case .read:
                    if case .sound = finding { logger.debug("a chunk is sound", metadata: ["chunk": "\(id)"]) }
                    try await settle(finding, id)
                case .unwanted: try await settleUnwanted(finding, id)
                }
                suspicions.finish(id, .success(finding))
            } catch {
                logger.error("cannot check a chunk", metadata: ["chunk": "\(id)", "error": "\(error)"])
                // The master says it only once that it does not want a copy.
                if suspicions.causeNow(of: id, begunFor: cause) == .unwanted { master.reportAgain(id) }
                suspicions.finish(id, .failure(error))
            }
        }
        suspicions.close()
    }

    /// Checks a chunk and acts on the finding.
    ///
    /// - Parameters:
    ///   - threads: may block on the disk.
    ///   - pace: called after so many bytes were read.
    func examine(
        _ id: ChunkID, _ threads: DiskThreads, _ pace: (Int) async throws -> Void
    ) async throws {
        try await settle(find(id, threads, pace), id)
    }

    /// No copy is given up for one reading: it may be the last, and a cable, a controller or a single failed read does not speak
    /// against what is on the disk. What was found damaged is read again.
    private func find(
        _ id: ChunkID, _ threads: DiskThreads, isSuspect: Bool = false,
        _ pace: (Int) async throws -> Void = { _ in }
    ) async throws -> CheckFinding {
        let first = try await read(id, threads, isSuspect: isSuspect, pace)
        guard case .damaged = first else { return first }
        let second = try await read(id, threads, isSuspect: true, pace)
        if case .damaged = second { return second }
        logger.warning("a chunk was read wrong once, and right the next time", metadata: ["chunk": "\(id)"])
        return second
    }

    private func read(
        _ id: ChunkID, _ threads: DiskThreads, isSuspect: Bool, _ pace: (Int) async throws -> Void
    ) async throws -> CheckFinding {
        let store = store
        do {
            guard let check = try await threads.run({ try store.beginCheck(id, isSuspect: isSuspect) }) else {
                return .gone
            }
            while case let count = try await threads.run({ try check.scan.step() }), count > 0 { try await pace(count) }
            return try await threads.run { store.conclude(check) }
        } catch let error as DFSError where error.code == .dataLoss {
            // What the disk does not give back is as lost as what it gives back wrong.
            logger.error("a chunk cannot be read", metadata: ["chunk": "\(id)", "error": "\(error)"])
            return .damaged(blocks: [])
        }
    }

    private func settle(_ finding: CheckFinding, _ id: ChunkID) async throws {
        switch finding {
        case .gone: break
        case .sound(_, let mended):
            logMended(mended, id)
        case .digestFound(let digest, let mended):
            logMended(mended, id)
            try await master.announce(id, digest, isVouchedFor: true, unwantedGround: .damaged)
        case .damaged(let blocks):
            try await putAside(id, blocks)
        }
    }

    /// The master knows another digest for the chunk than this server. Where it is the digest that has changed, and not the
    /// bytes, the master knows them when it is told again.
    private func settleUnwanted(_ finding: CheckFinding, _ id: ChunkID) async throws {
        switch finding {
        case .sound(let digest, let mended):
            logMended(mended, id)
            // The digest may have been mended since the master refused it. Where it is refused again, the copy is in quarantine then.
            do {
                try await master.announce(id, digest, isVouchedFor: true)
            } catch {
                guard error.code == .dataLoss else { throw error }
            }
        case .damaged(let blocks) where blocks.isEmpty:
            let store = store
            guard let digest = try? await threads.run({ try store.believeBytes(of: id) }) else {
                return try await settle(finding, id)
            }
            try await master.announce(id, digest, isVouchedFor: true, unwantedGround: .damaged)
            logger.warning("the digest of a chunk was wrong, its bytes are right", metadata: ["chunk": "\(id)"])
        case .gone, .digestFound, .damaged: try await settle(finding, id)
        }
    }

    /// Takes a damaged chunk out of service; its bytes are kept, since they may be the last.
    private func putAside(_ id: ChunkID, _ blocks: [Int]) async throws {
        let store = store
        let names = blocks.isEmpty ? "unknown" : blocks.prefix(20).map(\.description).joined(separator: " ")
        logger.error(
            "a chunk is damaged: it is taken out of service and kept in quarantine",
            metadata: ["chunk": "\(id)", "blocks": "\(names)", "of": "\(blocks.count)"])
        defer { changes.ring() }
        _ = try await threads.run { try store.quarantine(id, .damaged) }
        await master.reportDamaged(id)
    }

    private func logMended(_ mended: [String], _ id: ChunkID) {
        if mended.isEmpty { return }
        logger.log(
            level: mended == [ChunkStore.missingTable] ? .debug : .warning,
            "what is kept beside a chunk was wrong or missing and has been written anew",
            metadata: ["chunk": "\(id)", "mended": "\(mended.joined(separator: " "))"])
    }
}
