import DFSChunkStore
import DFSCore
import DFSMetadata

// What the server tells the master beside its heartbeats, as `MasterSession` does.
extension ChunkServer {
    /// Asks the master something.
    func ask(
        limit: Duration, _ question: @escaping (CallToken, ConnectionToken) -> Input,
        then: @escaping (Result<Answer, DFSError>) -> Void
    ) {
        simulation.ask(from: party, limit: limit, isRepeatable: true, question, then: then)
    }

    func report(
        _ chunks: [(ChunkID, ContentDigest)], syncedOn: [ServerAddress] = [], damaged: [ChunkID] = [],
        keptDamaged: [ChunkID] = [], limit: Duration,
        _ then: @escaping (Result<Set<ChunkID>, DFSError>) -> Void
    ) {
        let (address, nodeID) = (address, nodeID)
        let adopted = Set(
            chunks.map(\.0).filter { id in store?.withCatalog { $0.stored(id)?.isAdopted } != false })
        ask(limit: limit) { call, connection in
            .report(
                ReplicaReport(
                    address: address, nodeID: nodeID, connection: connection,
                    replicas: chunks.map { ($0.0, Digest($0.1)) }, adopted: adopted, syncedOn: syncedOn,
                    damaged: damaged,
                    keptDamaged: keptDamaged), call)
        } then: { [self] answer in
            switch answer {
            case .success(.reported(let unwanted, let expendable)):
                process.unconfirmed.subtract(chunks.map(\.0))
                then(.success(keptDamaged.isEmpty ? Set(unwanted) : Set(expendable)))
            case .success: then(.failure(DFSError(.internal, "the master answers something else")))
            case .failure(let error): then(.failure(error))
            }
        }
    }

    /// Chunks that the master has not confirmed, again.
    func reportUnconfirmed() {
        guard let store, process.hasMaster else { return }
        reportUndeclaredDamage()
        let waiting = process.unconfirmed.sorted()
        let known = store.withCatalog { catalog in waiting.map { ($0, catalog.stored($0)?.digest) } }
        process.unconfirmed.subtract(known.filter { $0.1 == nil }.map(\.0))
        let page = known.compactMap { id, digest in digest.map { (id, $0) } }
        if page.isEmpty { return }
        report(page, limit: .seconds(30)) { [self] told in
            for chunk in ((try? told.get()) ?? []).sorted() { examine(chunk, isUnwanted: true) }
        }
    }

    func reportUndeclaredDamage() {
        guard let store, process.hasMaster else { return }
        let damaged = process.undeclaredDamage
        let missing = store.withCatalog { catalog in damaged.filter { catalog.stored($0) == nil } }.sorted()
        if damaged.isEmpty { return }
        report([], damaged: missing, limit: .seconds(30)) { [self] told in
            if case .success = told { process.undeclaredDamage.subtract(damaged) }
        }
    }

    // MARK: Looking at chunks

    /// Compares a chunk with its checksums and acts on what that finds, as `ReplicaChecker` does.
    ///
    /// - Parameter then: told of what was found once it was acted on; `nil` where the chunk could not be looked at.
    func examine(
        _ chunk: ChunkID, isUnwanted: Bool = false, then: @escaping (CheckFinding?) -> Void = { _ in }
    ) {
        var found = lookAt(chunk)
        // No copy is given up for one reading.
        if case .success(.damaged) = found { found = lookAt(chunk) }
        guard case .success(let finding) = found else { return then(nil) }
        if case .sound = finding, !isUnwanted { return then(finding) }
        // The disk has other work before.
        simulation.network.at(party, after: simulation.dice.milliseconds(1...50)) { [self] in
            settle(finding, chunk, isUnwanted)
            then(finding)
        }
    }

    private func settle(_ finding: CheckFinding, _ chunk: ChunkID, _ isUnwanted: Bool) {
        switch finding {
        case .sound(let digest, _) where isUnwanted: announce(chunk, digest, isVouchedFor: true) { _ in }
        case .gone, .sound: break
        case .damaged(let blocks) where isUnwanted && blocks.isEmpty:
            if case .success(.some(let digest)) = onDisk({ store throws(DFSError) in try store.believeBytes(of: chunk) }
            ) {
                announce(chunk, digest, isVouchedFor: true, ground: .damaged) { _ in }
            } else {
                putAside(chunk, .damaged)
            }
        case .digestFound(let digest, _): announce(chunk, digest, isVouchedFor: true, ground: .damaged) { _ in }
        case .damaged: putAside(chunk, .damaged)
        }
    }

    private func lookAt(_ chunk: ChunkID) -> Result<CheckFinding, DFSError> {
        onDisk { store throws(DFSError) -> CheckFinding in
            do throws(DFSError) {
                guard let check = try store.beginCheck(chunk, isSuspect: true) else { return .gone }
                while try check.scan.step() > 0 {}
                return store.conclude(check)
            } catch {
                if error.code == .dataLoss, !disk.hasLostPower { return .damaged(blocks: []) }
                throw error
            }
        }
    }

    /// Takes a chunk out of service.
    func putAside(_ chunk: ChunkID, _ ground: DeletionGround) {
        simulation.watch.willDelete(chunk, on: self, "\(ground)")
        let outcome = onDisk { store throws(DFSError) in try store.quarantine(chunk, ground) }
        simulation.trace.note("\(party) puts \(chunk) aside (\(ground)): \(outcome)")
        switch outcome {
        case .success(.removed), .success(.absent): break
        case .success(.busy), .failure: process.unconfirmed.insert(chunk)
        }
        if ground == .damaged {
            simulation.tally.count(.damageFound)
            process.undeclaredDamage.insert(chunk)
            reportUndeclaredDamage()
        }
        noteChange()
    }

    func find(_ chunk: ChunkID, _ then: @escaping (Finding) -> Void) {
        examine(chunk) { found in
            switch found {
            case .sound(let digest, _), .digestFound(let digest, _): then(.read(Digest(digest)))
            case .gone, .damaged: then(.absent)
            case nil: then(.unreachable)
            }
        }
    }

    /// Reads all of a chunk, compared with its checksums; one that does not match is looked at.
    func read(_ chunk: ChunkID) -> Result<[UInt8], DFSError> {
        let found = onDisk { store throws(DFSError) -> [UInt8] in
            var reader = try store.openChunk(chunk)
            if reader.lacksChecksums {
                let scan = store.scan(reader)
                while try scan.step() > 0 {}
                reader = try store.proven(reader, by: scan)
            }
            if reader.stored.length == 0 { return [] }
            let bytes = try reader.read(at: 0, count: Int(reader.stored.length), comparing: true)
            return Array(bytes.bytes.readableBytesView)
        }
        if case .failure(let error) = found, error.code == .dataLoss, !disk.hasLostPower { examine(chunk) }
        return found
    }

    /// Looks at the next chunk that was found without a digest at the start.
    func verifyAdopted() {
        guard !process.adopted.isEmpty else { return }
        examine(process.adopted.removeFirst())
    }

    func scrub() {
        guard let store else { return }
        let after = process.scrubbed
        guard let chunk = store.withCatalog({ $0.storedIDs(after: after).min() }) else {
            process.scrubbed = nil
            return
        }
        process.scrubbed = chunk
        examine(chunk)
    }
}
