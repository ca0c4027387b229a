import DFSCore

// What our own chunk servers report, and what makes a replica complete.
extension MasterState {
    mutating func take(_ report: ReplicaReport, _ call: CallToken) {
        guard let server = admit(report.address, over: report.connection) else {
            let error = DFSError(.resourceExhausted, "the master knows \(ServerTable.maxCount) chunk servers already")
            effects.append(.answer(call, .failure(error)))
            return
        }
        setKind(.swift, nodeID: report.nodeID, of: server)
        var unwanted: [ChunkID] = []
        for (id, digest) in report.replicas {
            guard let chunk = chunk(named: id) else {
                // A Go client's upload may end when its file was given up: it must not be acknowledged.
                if tombstones.condemn(id) { unwanted.append(id) }
                noteReport(of: id, digest, by: report.address)
                continue
            }
            if !isAcceptable(digest, for: chunk) {
                unwanted.append(id)
                reject(chunk, id, on: server)
            } else if report.adopted.contains(id), chunks[chunk].digest == nil {
                weighAdopted(digest, of: chunk, on: server)
            } else {
                endForwarding(of: chunk, from: server)
                accept(chunk, digest, on: server)
                // A copy that it has made by itself, knowing length and checksum, is as good as one that we ordered.
                guard report.replicas.count == 1 else { continue }
                for target in report.syncedOn {
                    if let target = servers.handle(of: target) { accept(chunk, digest, on: target) }
                }
            }
        }
        for id in report.damaged { takeOut(id, damagedOn: server) }
        let expendable = report.keptDamaged.filter { isExpendable($0) }
        effects.append(.answer(call, .success(.reported(unwanted: unwanted, expendable: expendable))))
    }

    /// Whether a copy with this digest can be one of the chunk.
    func isAcceptable(_ digest: Digest, for chunk: ChunkHandle) -> Bool {
        digest.length <= Self.maxChunkLength && chunks[chunk].digest.map { $0 == digest } ?? true
    }

    /// The server holds other bytes than the chunk's.
    mutating func reject(_ chunk: ChunkHandle, _ id: ChunkID, on server: ServerHandle) {
        effects.append(.log(.replicaBad(id, servers[server].address)))
        removeReplica(of: chunk, on: server)
        for source in failCopy(of: chunk, to: server) { doubt(chunk, on: source) }
        review(chunk)
    }

    /// A server may tell of a chunk that it has sealed before the answer to that order has come.
    mutating func noteReport(of id: ChunkID, _ digest: Digest, by address: ServerAddress) {
        guard let file = FileID(in: id), let open = appends[file]?.chunk, open.id == id, open.servers.contains(address)
        else { return }
        appends[file]?.chunk?.reports[address] = digest
    }

    /// The server holds all of the chunk. The first complete copy decides the chunk's digest.
    mutating func accept(_ chunk: ChunkHandle, _ digest: Digest, on server: ServerHandle) {
        let isFirstProof = chunks[chunk].digest == nil
        if isFirstProof {
            chunks[chunk].digest = digest
            countLength(of: chunk)
            namespace.countProven(in: chunks[chunk].file)
        }
        if chunks[chunk].position(of: server) == nil {
            addReplica(Replica(server: server, state: .complete), to: chunk)
        } else {
            update(chunk, on: server) { replica in
                // An order to delete stands: it was given because others are complete.
                if replica.state != .deleting { replica.state = .complete }
                replica.isDeletedAsBad = false
            }
            setMissing(chunk, on: server, since: nil)
        }
        if chunks[chunk].replica(on: server)?.listNumber != servers[server].listNumber {
            servers[server].inventory?.unconfirmed[chunk] = now
        }
        verification.forget(ProbeKey(chunk: chunk, server: server))
        finishCopy(of: chunk, to: server)
        review(chunk)
        guard isFirstProof else { return }
        // Copies that could not be judged before can be compared now.
        for replica in chunks[chunk].replicas where replica.state == .listed {
            let key = ProbeKey(chunk: chunk, server: replica.server)
            verification.forget(key)
            considerReading(chunk, on: replica.server)
            // What one of ours has adopted it tells once, and that was before.
            if servers[replica.server].inventory != nil { verification.want(key, isUrgent: false, now: now) }
        }
        reviewSettling(chunks[chunk].file)
    }
}
