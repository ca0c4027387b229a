import DFSCore

/// Which copies of a chunk go, and which stay.
struct SurplusPlan: Sendable {
    /// To be told to be deleted now.
    var victims: [ServerHandle]
    /// All that have to be found sound before.
    var kept: [ServerHandle]
}

/// What becomes of a copy that was to be deleted and is still there.
enum DeletionStep: Sendable {
    /// It is ordered again, unless the order is on its way.
    case order
    /// The others are to be read first, again; the order follows by itself then.
    case wait
    /// It is needed, and is again what it was.
    case keep
}

// Deleting copies that are too many, or bad: only what the others make up for, and of good ones only when the others were read.
extension MasterState {
    /// Deletes bad copies where enough complete ones remain, and surplus ones once those that stay have been read: first the one
    /// that a move was to take the place of, then on racks that hold another one, then on the server that came back last, then
    /// where space is least. Copies on servers that are not in the normal state neither count nor go.
    mutating func trim(_ chunk: ChunkHandle, surplus count: Int) {
        guard !safeMode.isOn, namespace.facts(chunks[chunk].file)?.isSealed == true else { return }
        deleteBadCopies(of: chunk)
        guard count > 0 || chunks[chunk].replicas.contains(where: { $0.state == .deleting }),
            let plan = surplusPlan(of: chunk)
        else { return surplus.forget(chunk) }
        guard plan.kept.allSatisfy({ isProven(chunk, on: $0) }) else {
            surplus.want(chunk, surplusRoom(for: chunk))
            return
        }
        let provenAt = plan.kept.compactMap { surplus.soundSince(chunk, $0) }.min() ?? now
        let id = id(of: chunk)
        for server in plan.victims {
            update(chunk, on: server) { $0.state = .deleting }
            surplus.noteOrder(
                ProbeKey(chunk: chunk, server: server),
                SurplusChecks.Order(provenAt: provenAt, kept: Set(plan.kept)))
            requestDeletion(of: id, on: server)
        }
        surplus.forget(chunk)
    }

    private mutating func deleteBadCopies(of chunk: ChunkHandle) {
        let bad = chunks[chunk].replicas.filter { $0.state == .bad && servers[$0.server].isAlive }.map(\.server)
        guard !bad.isEmpty, isWhole(chunk) else { return }
        for server in bad {
            update(chunk, on: server) { replica in
                replica.isDeletedAsBad = true
                replica.state = .deleting
            }
            requestDeletion(of: id(of: chunk), on: server)
        }
    }

    /// What is too much of the chunk now; `nil` where nothing is.
    func surplusPlan(of chunk: ChunkHandle) -> SurplusPlan? {
        guard let file = namespace.facts(chunks[chunk].file), file.isSealed else { return nil }
        var plan = dispensable(max(0, countCopies(of: chunk).sure - file.replication), of: chunk)
        let id = id(of: chunk)
        plan.victims += chunks[chunk].replicas.filter { replica in
            replica.state == .deleting && !replica.isDeletedAsBad && servers[replica.server].isAlive
                && !isDeletionOnItsWay(of: id, on: replica.server)
        }.map(\.server)
        return plan.victims.isEmpty || plan.kept.count < file.replication ? nil : plan
    }

    /// The servers of the copies whose loss hurts least, and the others.
    private func dispensable(_ count: Int, of chunk: ChunkHandle) -> SurplusPlan {
        var kept = chunks[chunk].replicas
            .filter { isSure($0, of: chunk) }
            .map { servers[$0.server] }
            .sorted { ($1.aliveSince, $0.availableBytes) < ($0.aliveSince, $1.availableBytes) }
        var victims: [ServerHandle] = []
        if count > 0, let move = balance.moves[chunk],
            let moved = kept.firstIndex(where: { $0.handle == move.source }),
            kept.contains(where: { $0.handle == move.target })
        {
            victims.append(kept.remove(at: moved).handle)
        }
        while victims.count < count, !kept.isEmpty {
            let crowded = kept.firstIndex { one in kept.count { $0.location.rack == one.location.rack } > 1 }
            victims.append(kept.remove(at: crowded ?? 0).handle)
        }
        return SurplusPlan(victims: victims, kept: kept.map(\.handle))
    }

    private func isDeletionOnItsWay(of id: ChunkID, on server: ServerHandle) -> Bool {
        servers[server].deletions[id].map { now - $0 <= policy.deletionTimeout } ?? false
    }

    /// What becomes of a copy that was to be deleted and is still there, after all that may have happened since.
    mutating func confirmDeletion(of chunk: ChunkHandle, on server: ServerHandle) -> DeletionStep {
        if isDeletionOnItsWay(of: id(of: chunk), on: server) { return .order }
        guard isWhole(chunk) else {
            update(chunk, on: server) { $0.state = $0.isDeletedAsBad ? .bad : .complete }
            review(chunk)
            return .keep
        }
        let isBad = chunks[chunk].replica(on: server)?.isDeletedAsBad == true
        if isBad || isOrderProven(chunk, on: server) { return .order }
        if !surplus.want(chunk, surplusRoom(for: chunk)) {
            let id = id(of: chunk)
            servers[server].inventory?.revisit(id)
        }
        return .wait
    }

    /// Copies that wait to be ordered deleted again count again at once where they are needed; of those that were ordered, and on
    /// servers that send lists, the server's next word decides.
    mutating func keepWhatIsNeeded(of chunk: ChunkHandle) {
        guard chunks[chunk].replicas.contains(where: { $0.state == .deleting }), !isWhole(chunk) else { return }
        let id = id(of: chunk)
        for replica in chunks[chunk].replicas
        where replica.state == .deleting && servers[replica.server].inventory != nil
            && servers[replica.server].deletions[id] == nil
            && replica.listNumber == servers[replica.server].listNumber
        {
            update(chunk, on: replica.server) { $0.state = $0.isDeletedAsBad ? .bad : .complete }
        }
    }

    /// Whether enough of the copies are there that were found sound when the order was given, lately.
    private func isOrderProven(_ chunk: ChunkHandle, on server: ServerHandle) -> Bool {
        guard let order = surplus.order(ProbeKey(chunk: chunk, server: server)),
            now - order.provenAt <= policy.surplusProofLife, let file = namespace.facts(chunks[chunk].file)
        else { return false }
        let kept = chunks[chunk].replicas.count {
            isSure($0, of: chunk) && order.kept.contains($0.server) && isToldOf(chunk, on: $0.server)
        }
        return kept >= file.replication
    }

    func isWhole(_ chunk: ChunkHandle) -> Bool {
        guard let file = namespace.facts(chunks[chunk].file) else { return false }
        return countCopies(of: chunk).sure >= file.replication
    }
}
