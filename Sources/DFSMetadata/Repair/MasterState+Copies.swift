import DFSCore

// The life of an ordered copy after the order.
extension MasterState {
    /// Counts a copy that is ordered.
    mutating func begin(_ task: CopyTask, of chunk: ChunkHandle) {
        repair.add(task, of: chunk, now: now)
        servers[task.source].outstandingCopies += 1
        servers[task.source].copyBudget.take(task.bytes, repair.limits.bytesPerSecondPerSource, now: now)
        servers[task.target].incomingCopies += 1
        servers[task.target].incomingBytes += task.bytes
    }

    /// The copy arrived.
    mutating func finishCopy(of chunk: ChunkHandle, to target: ServerHandle) {
        let ended = repair.end(chunk) { $0.target == target }
        for task in ended { repair.progress.noteArrival(task.bytes, now: now) }
        release(ended)
    }

    /// The target of the copy said that it holds something else, or damaged what it had.
    ///
    /// - Returns: from where it came.
    @discardableResult
    mutating func failCopy(of chunk: ChunkHandle, to target: ServerHandle) -> [ServerHandle] {
        let ended = repair.end(chunk) { $0.target == target }
        release(ended)
        return ended.map(\.source)
    }

    /// The chunk is gone.
    mutating func cancelCopies(of chunk: ChunkHandle) {
        release(repair.end(chunk) { _ in true })
    }

    /// The server died: what it was to send or receive will not arrive.
    mutating func cancelCopies(of server: ServerHandle) {
        takeBack { $0.target == server || $0.source == server }
    }

    /// The server will not make the copies that it was told to make.
    mutating func takeBackCopies(from source: ServerHandle) {
        takeBack { $0.source == source }
    }

    private mutating func takeBack(_ isLost: (CopyTask) -> Bool) {
        for chunk in repair.chunksBeingCopied {
            let ended = repair.end(chunk, where: isLost)
            release(ended)
            for task in ended where !task.isLate { dropTarget(chunk, task.target) }
            if !ended.isEmpty { review(chunk) }
        }
    }

    /// Finds copies that did not arrive in time and seeks other pairs of servers for them.
    mutating func expireCopies() {
        for chunk in repair.chunksBeingCopied {
            let (late, forgotten) = repair.expire(chunk, now: now, grace: policy.copyTimeout)
            for task in late {
                release([task])
                servers[task.source].lateCopies += 1
                servers[task.target].lateIncomingCopies += 1
                repair.progress.lateCopies += 1
                effects.append(
                    .log(
                        .copyLate(id(of: chunk), from: servers[task.source].address, to: servers[task.target].address)))
                dropTarget(chunk, task.target)
            }
            release(forgotten)
            if !late.isEmpty { review(chunk) }
        }
    }

    /// Looks again at chunks that wait for servers that have time now, and at some that no server could take.
    mutating func retryCopies() {
        for server in servers.all {
            let place = WaitingPlace.source(server.handle)
            guard repair.waiting.count(in: place) > 0 else { continue }
            let slots = canSend(server) ? repair.limits.copiesPerSource - server.outstandingCopies : 0
            // A few always: another server that holds them may have time by now.
            repair.wake(place, max(4, 2 * slots))
        }
        repair.wakeAside(64)
    }

    /// Once servers had time to come back after a restart, everything is looked at once, and again when those that did not come
    /// have had their time of grace. Chunks that were sealed since the start, too: in safe mode nothing was deleted that they
    /// had too much of.
    mutating func releaseHeldRepairs() {
        switch repair.holding {
        case .nothing: return
        case .allChunks:
            if isStarting { return }
            repair.holding = policy.repairGrace > .zero ? .safeChunks : .nothing
        case .safeChunks:
            if now - startedAt <= policy.liveThreshold + policy.repairGrace { return }
            repair.holding = .nothing
        }
        backlog.scan = chunks.end > 0 ? 0 : nil
    }

    /// Forgets the target of a copy that did not come, unless something of it was seen.
    private mutating func dropTarget(_ chunk: ChunkHandle, _ target: ServerHandle) {
        guard chunks[chunk].replica(on: target)?.state == .assigned else { return }
        removeReplica(of: chunk, on: target)
    }

    /// Gives the tasks' places to chunks that wait for one.
    private mutating func release(_ tasks: [CopyTask]) {
        for task in tasks {
            if task.isLate {
                servers[task.source].lateCopies -= 1
                servers[task.target].lateIncomingCopies -= 1
            } else {
                servers[task.source].outstandingCopies -= 1
                servers[task.target].incomingCopies -= 1
                servers[task.target].incomingBytes -= task.bytes
            }
            repair.wake(.source(task.source), 2)
        }
        if !tasks.isEmpty { repair.wakeAside(1) }
    }
}
