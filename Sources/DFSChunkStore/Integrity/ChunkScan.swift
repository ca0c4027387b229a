import DFSCore
import DFSFiles
import Synchronization

/// Reads a file from its start to its end, a step at a time, for the checksums that it has as a chunk: so that who reads
/// much can pause, and no thread is held for long. Holds one block of 1 MiB.
package final class ChunkScan: Sendable {
    private struct State {
        let block = BlockBuffer()
        var sums = BlockSummer()
        var isAtEnd = false
    }

    private let file: any OpenFile
    // Held while the disk is read, on purpose: steps come one after the other.
    private let state = Mutex(State())

    /// - Parameter pastCache: whether to look at what the disk really holds, as far as the file system allows, and leave
    ///   the page cache to what users read.
    package init(_ file: any OpenFile, pastCache: Bool) {
        self.file = file
        if pastCache { _ = file.beginDirectReads() }
    }

    /// Reads on. Blocks.
    ///
    /// - Returns: how many bytes; 0 at the end.
    package func step() throws(DFSError) -> Int {
        try state.withLock { (state) throws(DFSError) in
            if state.isAtEnd { return 0 }
            try file.read(into: state.block, at: state.sums.length)
            state.sums.append(state.block)
            state.isAtEnd = !state.block.isFull
            return state.block.count
        }
    }

    /// Of all that has been read so far.
    package var checksums: BlockChecksums { state.withLock { $0.sums.checksums } }

    /// Reads a file whole for its checksums, and with them its digest. Blocks.
    package static func checksums(of file: any OpenFile, pastCache: Bool = false) throws(DFSError) -> BlockChecksums {
        let scan = ChunkScan(file, pastCache: pastCache)
        while try scan.step() > 0 {}
        return scan.checksums
    }
}
