import DFSCore
import DFSFiles
import DFSSimulation
import Foundation
import NIOCore
import Synchronization
import Testing

@testable import DFSChunkStore

/// What happens to a chunk's name while an upload waits for the sync of its folder.
@Suite struct NamingRaceTests {
    /// Something to be done once, in the next sync of the folder of chunks.
    private final class SyncHook: Sendable {
        let action = Mutex<(@Sendable () throws(DFSError) -> Void)?>(nil)

        func files(on disk: SimulatedDisk) -> WatchedFiles {
            WatchedFiles(disk) { [self] call, path throws(DFSError) in
                guard call == .syncFolder, path == "/data" else { return }
                let due = action.withLock { action in
                    defer { action = nil }
                    return action
                }
                try due?()
            }
        }

        func set(_ new: @escaping @Sendable () throws(DFSError) -> Void) { action.withLock { $0 = new } }
    }

    private let disk = SimulatedDisk()
    private let hook = SyncHook()

    @Test func aRepeatedUploadIsNotAcknowledgedWhenTheChunkWasFoundDamagedMeanwhile() throws {
        let store = try openStore(on: hook.files(on: disk))
        try put(store, "f_0", content(1000))
        let f = try id("f_0")
        let moved = Mutex(false)
        hook.set { () throws(DFSError) in
            _ = try store.quarantine(f, .damaged)
            moved.withLock { $0 = true }
        }
        #expect(code { try put(store, "f_0", content(1000)) } == .unavailable)
        #expect(moved.withLock { $0 })
        #expect(store.withCatalog { $0.stored(f) } == nil)
        try put(store, "f_0", content(1000))
        #expect(try read(store, "f_0") == content(1000))
    }

    @Test func aFailedSyncTakesNothingFromAnUploadThatWasAcknowledged() throws {
        let store = try openStore(on: hook.files(on: disk))
        hook.set { () throws(DFSError) in
            // Another upload of the same bytes finds the file.
            do {
                try put(store, "f_0", content(1000))
            } catch {
                throw DFSError(.internal, "the other upload failed: \(error)")
            }
            throw DFSError(.dataLoss, "cannot sync /data: input/output error")
        }
        #expect(code { try put(store, "f_0", content(1000)) } == .dataLoss)
        #expect(disk.contents(of: "/data/f_0") == content(1000))
        #expect(try read(store, "f_0") == content(1000))
    }

    /// Its own file was damaged, and has given way to another upload's, which waits for a sync of its own.
    @Test func aFailedSyncTakesNothingFromAnUploadWhoseFileHasTakenThePlace() throws {
        let (store, disk) = (try openStore(on: hook.files(on: disk)), disk)
        let (isInSync, isOver) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let isAcknowledged = Mutex(false)
        let ended = DispatchSemaphore(value: 0)
        hook.set { [hook] () throws(DFSError) in
            hook.set {
                isInSync.signal()
                isOver.wait()
            }
            do {
                try disk.rot("/data/f_0", at: 500)
            } catch {
                throw DFSError(.internal, "\(error)")
            }
            Thread.detachNewThread {
                let isPut = (try? put(store, "f_0", content(1000))) != nil
                isAcknowledged.withLock { $0 = isPut }
                isInSync.signal()
                ended.signal()
            }
            isInSync.wait()
            throw DFSError(.dataLoss, "cannot sync /data: input/output error")
        }
        #expect(code { try put(store, "f_0", content(1000)) } == .dataLoss)
        isOver.signal()
        ended.wait()
        #expect(isAcknowledged.withLock { $0 })
        #expect(disk.contents(of: "/data/f_0") == content(1000))
        #expect(try read(store, "f_0") == content(1000))
        #expect(disk.files.contains { $0.contains("/quarantine/") })
    }

    @Test func aFailedSyncLeavesNothing() throws {
        let store = try openStore(on: hook.files(on: disk))
        hook.set { () throws(DFSError) in throw DFSError(.dataLoss, "cannot sync /data: input/output error") }
        #expect(code { try put(store, "f_0", content(1000)) } == .dataLoss)
        #expect(disk.contents(of: "/data/f_0") == nil)
        #expect(store.withCatalog { $0.storedCount } == 0)
    }
}
