import DFSCore

// A master that stood still heard nobody meanwhile, which says nothing about those who were silent.
extension MasterState {
    /// Finds out whether the master stood still since it was last at work, as where its process or its machine was stopped or
    /// the store's disk hung; to be called before each input.
    ///
    /// Ticks that wait together are one, so where the master is far behind they are far apart, and what was sent waits as long: that
    /// counts as standing still, too.
    ///
    /// What servers and writers sent waits behind this input. So servers get the time on top, whoever is waited for since the
    /// start, too, and writers that have lost their connections get as long as after a restart. The leases of open chunks end all the
    /// same: their primaries count by clocks of their own.
    mutating func noteStandstill() {
        let gap = now - listenedAt
        guard gap > policy.liveThreshold / 3 else { return }
        // Up to its first tick a master reads its store.
        let isLoading = listenedAt == startedAt
        let wasStarting = safeMode.isOn || listenedAt - startedAt <= policy.liveThreshold
        if wasStarting { startedAt = startedAt + gap }
        for server in servers.all where server.isAlive {
            servers[server.handle].unheardTime = min(server.unheardTime + gap, now - server.lastHeard)
        }
        leasesHeldUntil = now + policy.restartLease
        listenedAt = now
        if !isLoading { effects.append(.log(.stoodStill(gap))) }
    }
}
