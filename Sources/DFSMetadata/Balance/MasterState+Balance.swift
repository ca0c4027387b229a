import DFSCore

// Balancing from its order to its end. One tick orders a bounded number of moves, and looks at a bounded number of chunks.
extension MasterState {
    private static let balanceChunksPerTick = 5000
    /// Servers that one tick weighs as sources and targets, but for those of the last chunk that it looks at.
    static let balancePairsPerTick = 50_000
    private static let thresholdLimit: UInt32 = 1_000_000

    /// Begins, goes on otherwise, or stops (`nil`); what is under way is finished in any case.
    mutating func setBalance(_ order: BalanceOrder?) throws(DFSError) -> Answer {
        guard let order else {
            endBalance("stopped by an operator")
            return .balance(balanceStanding())
        }
        guard order.bytesPerSecond > 0, order.thresholdPPM <= Self.thresholdLimit else {
            throw DFSError(
                .invalidArgument, "balancing needs a rate above 0 and a threshold of at most 100 % of a server's room")
        }
        if balance.order == nil {
            let (moves, given) = (balance.moves, balance.given)
            balance = Balance()
            (balance.moves, balance.given) = (moves, given)
            balance.next = chunks.end > 0 ? UInt32.random(in: 0..<chunks.end, using: &random) : 0
        }
        if balance.order != order { effects.append(.log(.balanceBegan(order))) }
        balance.order = order
        balance.fruitless = 0
        balance.note = ""
        return .balance(balanceStanding())
    }

    /// Takes stock of the moves under way, and orders more while that helps.
    mutating func balanceServers() {
        settleMoves()
        guard let order = balance.order else { return }
        balance.note = obstacleToBalance() ?? ""
        guard balance.note.isEmpty else { return }
        balance.earn(order.bytesPerSecond, now: now)
        var use = ClusterUse(servers.all, balance.moves.values, thresholdPPM: order.thresholdPPM)
        if use.isBalanced {
            if balance.moves.isEmpty { endBalance("every server is within the threshold") }
            return
        }
        orderMoves(&use)
        if balance.given.keys.contains(where: { !mayGive($0) }) {
            balance.note =
                "waits: some server has given up as many chunks as it may in \(policy.givingInterval.components.seconds) s"
            balance.fruitless = 0
        }
        // Each chunk was looked at twice, since what is possible changes.
        if balance.moves.isEmpty, balance.fruitless > 2 * UInt64(chunks.end) {
            endBalance("no more chunk can be moved to where it would help")
        }
    }

    private mutating func orderMoves(_ use: inout ClusterUse) {
        balance.pairs = 0
        for _ in 0..<min(Self.balanceChunksPerTick, Int(chunks.end)) {
            guard balance.credit > 0, balance.moves.count < policy.maxMoves, !use.isBalanced,
                balance.pairs < Self.balancePairsPerTick, repair.mayBegin(now: now)
            else { return }
            let chunk = ChunkHandle(rawValue: balance.next % chunks.end)
            balance.next = chunk.rawValue + 1
            balance.fruitless += 1
            guard let move = plan(for: chunk, use) else { continue }
            begin(move, of: chunk)
            use.note(move)
        }
    }

    /// What has to be over first; `nil` where nothing has.
    private func obstacleToBalance() -> String? {
        if isStarting { return "waits: the master has just started" }
        if losses.storm != nil { return "waits for the servers that were lost at once" }
        let waiting = repair.waiting.count
        if waiting > 0 { return "waits for the repair of \(waiting) chunks" }
        if !backlog.isEmpty || repair.copyCount > balance.moves.count { return "waits for copies and lists" }
        return nil
    }

    private mutating func endBalance(_ reason: String) {
        guard balance.order != nil else { return }
        balance.order = nil
        balance.note = reason
        effects.append(
            .log(.balanceEnded(reason: reason, chunks: balance.movedChunks, bytes: balance.movedBytes)))
    }

    func balanceStanding() -> BalanceStanding {
        let excess = balance.order.map { order in
            ClusterUse(servers.all, EmptyCollection(), thresholdPPM: order.thresholdPPM).excess
        }
        return BalanceStanding(
            order: balance.order, moving: balance.moves.count, movedChunks: balance.movedChunks,
            movedBytes: balance.movedBytes, failedMoves: balance.failedMoves,
            bytesToMove: excess ?? 0, note: balance.note)
    }
}
