import CLinux

/// Settings of the process's allocator.
package enum ProcessMemory {
    /// Keeps freed buffers in the process: the 1 MiB buffers of bulk transfers would otherwise go back to the kernel at
    /// once and return as fresh pages, each of which costs a fault. Call once, before the first transfer.
    package static func keepFreedBuffers() {
        dfs_keep_freed_memory(8 << 20, 4)
    }
}
