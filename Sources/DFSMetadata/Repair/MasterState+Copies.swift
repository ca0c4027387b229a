import DFSCore

// The life of an ordered copy after the order.
extension MasterState {
    /// The copy arrived, or its target said that it holds something else.
    mutating func finishCopy(of chunk: ChunkHandle, to target: ServerHandle) {
        release(repair.end(chunk) { $0.target == target })
    }

    /// The chunk is gone.
    mutating func cancelCopies(of chunk: ChunkHandle) {
        release(repair.end(chunk) { _ in true })
    }

    /// The server died: what it was to send or receive will not arrive.
    mutating func cancelCopies(of server: ServerHandle) {
        for chunk in repair.chunksBeingCopied {
            let ended = repair.end(chunk) { $0.target == server || $0.source == server }
            release(ended)
            for task in ended { dropTarget(chunk, task.target) }
            if !ended.isEmpty { review(chunk) }
        }
        servers[server].outstandingCopies = 0
    }

    /// The server will not make the copies that it was told to make.
    mutating func takeBackCopies(from source: ServerHandle) {
        for chunk in repair.chunksBeingCopied {
            let ended = repair.end(chunk) { $0.source == source }
            release(ended)
            for task in ended { dropTarget(chunk, task.target) }
            if !ended.isEmpty { review(chunk) }
        }
    }

    /// Finds copies that did not arrive in time and seeks other targets for them.
    mutating func expireCopies() {
        for chunk in repair.chunksBeingCopied {
            let late = repair.expire(chunk, now: now, grace: policy.copyTimeout)
            release(late)
            for task in late {
                effects.append(.log(.copyLate(id(of: chunk), to: servers[task.target].address)))
                dropTarget(chunk, task.target)
            }
            if !late.isEmpty { review(chunk) }
        }
    }

    /// Once servers had time to come back after a restart, everything from the store is looked at once.
    mutating func releaseHeldRepairs() {
        guard repair.isHolding, !isStarting else { return }
        repair.isHolding = false
        backlog.scan = chunks.end > 0 ? 0 : nil
    }

    /// Forgets the target of a copy that did not come, unless something of it was seen.
    private mutating func dropTarget(_ chunk: ChunkHandle, _ target: ServerHandle) {
        guard chunks[chunk].replica(on: target)?.state == .assigned else { return }
        removeReplica(of: chunk, on: target)
    }

    /// Gives the tasks' places to chunks that wait for one.
    private mutating func release(_ tasks: [CopyTask]) {
        repair.retry(4 * tasks.count)
        for task in tasks where servers[task.source].outstandingCopies > 0 {
            servers[task.source].outstandingCopies -= 1
        }
    }
}
