import DFSCore
import DFSSimulation
import NIOCore
import Testing

@testable import DFSChunkStore

/// Deletions of open chunks that must come to an end all the same.
@Suite struct OpenDeletionTests {
    private let disk = SimulatedDisk()
    private let file = "/data/.dfs/open/f_0"

    /// One call of the seal fails, and then one of the deletion.
    @Test func deletionThatFailsAtAnyCallAfterASealThatFailedAtAnyIsCarriedOutInTheEnd() throws {
        var (sealCall, isSealed, count) = (1, false, 0)
        while !isSealed {
            var (call, hasStruck) = (1, true)
            while hasStruck, !isSealed {
                let disk = SimulatedDisk()
                let store = try openStore(on: disk)
                let chunk = try store.beginOpen(id("f_0"), version: 1, chunkSize: openSize).0
                try append(chunk, content(700))
                _ = try store.fence(id("f_0"), version: 2)
                disk.strike(.failOnce, atCall: sealCall)
                isSealed = (try? store.seal(id("f_0"), version: 2, length: 700)) != nil
                _ = disk.calmDown()
                if isSealed { break }
                disk.strike(.failOnce, atCall: call)
                try? store.deleteOpen(id("f_0"), .certain)
                hasStruck = disk.calmDown()
                let place = "seal failed at \(sealCall), deletion at \(call)"
                #expect(throws: Never.self, "\(place)") { try store.deleteOpen(id("f_0"), .certain) }
                disk.restart()
                let again = try openStore(on: disk)
                #expect(again.withCatalog { $0.openCount == 0 && $0.storedCount == 0 }, "\(place)")
                (call, count) = (call + 1, count + 1)
            }
            sealCall += 1
        }
        #expect(count > 20)
    }

    @Test(arguments: [false, true]) func chunkWhoseFileIsGoneIsGone(isRestarted: Bool) throws {
        var store: ChunkStore? = try openStore(on: disk)
        try append(#require(store).beginOpen(id("f_0"), version: 1, chunkSize: openSize).0, content(700))
        if isRestarted {
            store = nil
            store = try openStore(on: disk)
        }
        try disk.remove(file)
        try store?.deleteOpen(id("f_0"), .certain)
        #expect(store?.withCatalog { $0.openCount } == 0)
    }

    @Test func fileWhoseJournalIsSpoiltIsKeptAsItIs() throws {
        do {
            let first = try openStore(on: disk)
            try append(first.beginOpen(id("f_0"), version: 1, chunkSize: openSize).0, content(700))
        }
        let store = try openStore(on: disk)
        #expect(store.startReport.open == 1)
        let size = try #require(disk.contents(of: file)).count
        try disk.open(file, .continuing).write([ByteBuffer(repeating: 0, count: size)], at: 0)
        #expect(code { _ = try store.unsealed(id("f_0"))?.standing() } == .dataLoss)
        try store.deleteOpen(id("f_0"), .certain)
        #expect(store.withCatalog { $0.openCount } == 0)
        let kept = try #require(disk.files.first { $0.contains("/quarantine/") })
        #expect(disk.contents(of: kept)?.count == size)
    }

    /// Ordinary deletions are far more than those of open chunks.
    @Test func deletionsOfWholeChunksDoNotLetADeletedChunkBeOpenedAgain() throws {
        let store = try openStore(on: disk)
        store.neverOpenAgain(try id("f_0"))
        for number in 1...ChunkStore.maxClosedCount {
            let whole = try id("g_\(number)")
            store.state.withLock { $0.catalog.store(whole, ChunkCatalog.Stored(length: 1, crc32c: 1)) }
            store.neverOpenAgain(whole)
        }
        #expect(code { _ = try store.fence(id("f_0"), version: 2) } == .failedPrecondition)
        // What was sealed and deleted here is not opened again, either.
        let last = try id("g_1")
        store.state.withLock { state in
            _ = state.catalog.beginRemoval(last)
            state.catalog.endRemoval(last)
        }
        #expect(code { _ = try store.fence(last, version: 2) } == .failedPrecondition)
    }
}
