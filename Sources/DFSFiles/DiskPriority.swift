import CLinux

/// How urgent the disk accesses of a thread are.
package enum DiskPriority {
    /// From now on what the calling thread reads waits for what others want of the disk. A hint: not every scheduler of
    /// disks knows it.
    package static func lowerForThisThread() { _ = dfs_rest_while_others_read() }
}
