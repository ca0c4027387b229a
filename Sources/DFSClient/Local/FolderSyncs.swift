import DFSCore
import DFSFiles
import Synchronization

/// The folders in which files of a tree have got their names: each is synced once for many files, and not after each.
final class FolderSyncs: Sendable {
    /// Told apart by its bytes, as the file system does.
    private struct Folder: ByteIdentity { let text: String }

    /// So many folders wait at most.
    private static let maxFolders = 1000

    private let files: any FileSystem
    private let waiting = Mutex<Set<Folder>>([])

    init(_ files: any FileSystem) { self.files = files }

    /// A file has got its name in this folder, which is durable after the next ``syncAll()``. Blocks.
    func note(_ folder: String) throws(DFSError) {
        let count = waiting.withLock { waiting in
            waiting.insert(Folder(text: folder))
            return waiting.count
        }
        if count >= Self.maxFolders { try syncAll() }
    }

    /// Makes all names that were noted durable. Blocks.
    ///
    /// - Throws: what a folder throws that cannot be synced, when all others are; it is tried again the next time.
    func syncAll() throws(DFSError) {
        let folders = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        var failure: DFSError?
        for folder in folders.sorted() {
            do {
                try files.syncFolder(folder.text)
            } catch {
                failure = failure ?? error
                waiting.withLock { _ = $0.insert(folder) }
            }
        }
        if let failure { throw failure }
    }
}
