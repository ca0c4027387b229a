import Glibc

/// How many files and sockets the process may have open at once (getrlimit(2), RLIMIT_NOFILE).
package enum OpenFileLimit {
    /// Raises the limit as far as the process may: what it is given at first, often 1,024, is for programs that use select(2), and a
    /// server with some hundred clients reaches it. Call once, at the start.
    ///
    /// - Returns: how many there may be now; `nil` where that cannot be told.
    package static func raise() -> UInt64? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = limit.rlim_max
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        }
        return UInt64(limit.rlim_cur)
    }
}
