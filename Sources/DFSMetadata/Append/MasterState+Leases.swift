import DFSCore

// Who is the primary of an open chunk, and until when.
extension MasterState {
    /// Gives leases, and takes back chunks that their primaries end.
    mutating func renewLeases(_ request: LeaseRequest) throws(DFSError) -> Answer {
        guard let server = admit(request.address, over: request.connection) else {
            throw DFSError(.resourceExhausted, "the master knows \(ServerTable.maxCount) chunk servers already")
        }
        setKind(.swift, nodeID: request.nodeID, of: server)
        for (known, failed) in request.ended {
            guard let file = fileOfOpenChunk(known, withPrimary: request.address) else { continue }
            appends[file]?.failed.formUnion(failed.prefix(policy.maxReplication))
            recover(file, because: "its primary has ended it")
        }
        var answer = LeaseAnswer(lease: policy.appendLease)
        for known in request.held {
            guard let file = fileOfOpenChunk(known, withPrimary: request.address), let facts = namespace.facts(file),
                let chunk = appends[file]?.chunk
            else {
                answer.refused.append(known.chunk)
                continue
            }
            appends[file]?.chunk?.phase = .open(leaseEnd: now + policy.appendLeaseOfMaster)
            appends[file]?.chunk?.wasGranted = true
            appends[file]?.chunk?.isUnconfirmed = false
            answer.granted.append(
                LeaseAnswer.Grant(chunk: known, servers: chunk.servers, chunkSize: facts.chunkSize))
        }
        return .leases(answer)
    }

    /// The file whose open chunk this is, in just this version, with this primary.
    private func fileOfOpenChunk(_ known: OpenVersion, withPrimary address: ServerAddress) -> FileID? {
        guard let file = FileID(in: known.chunk), let chunk = appends[file]?.chunk, chunk.isOpen,
            chunk.id == known.chunk, chunk.version == known.version, chunk.servers.first == address
        else { return nil }
        return file
    }

    /// Ends claims and leases whose time is over, and goes on with recoveries.
    mutating func reviewAppends() {
        let withdrawn = withdrawnAddresses
        for file in appends.keys.sorted() {
            guard var entry = appends[file] else { continue }
            let claims = entry.claims.filter { now - $0.value.renewedAt <= policy.hardClaim }
            let hasLostLast = claims.isEmpty && !entry.claims.isEmpty
            entry.claims = claims
            appends[file] = entry
            switch entry.chunk?.phase {
            case .open(let leaseEnd):
                if leaseEnd <= now {
                    recover(file, because: "its primary has no lease any more")
                } else if hasLostLast {
                    recover(file, because: "its last writer is gone")
                } else if !withdrawn.isEmpty, entry.chunk?.servers.contains(where: withdrawn.contains) == true {
                    recover(file, because: "one of its servers is taken out of service")
                } else if !namespace.isVisible(file) {
                    recover(file, because: "its file was removed")
                }
            case .recovering(let recovery):
                if let due = recovery.retryAt, due <= now { fence(file, round: recovery.rounds + 1) }
            case .vacant: break
            case nil: if entry.claims.isEmpty { appends[file] = nil }
            }
        }
        deleteStaleReplicas()
    }
}
