import DFSCore
import DFSFiles
import DFSSimulation
import Testing

@testable import DFSChunkStore

/// Each call of the disk goes wrong once; afterwards there is the whole chunk or nothing, and what was acknowledged stays.
@Suite struct StoreFaultTests {
    /// Runs `scenario` with the fault at call 1, 2, 3, … after `arm` until it strikes no more; says how many calls there
    /// were. The scenario answers whether it was struck.
    private func atEachCall(
        _ fault: SimulatedDisk.Fault, takesDirectWrites: Bool = false,
        _ scenario: (SimulatedDisk, _ arm: () -> Void) throws -> Bool
    ) rethrows -> Int {
        for number in 1..<1000 {
            let disk = SimulatedDisk(takesDirectWrites: takesDirectWrites)
            if try !scenario(disk, { disk.strike(fault, atCall: number) }) { return number - 1 }
        }
        return 1000
    }

    @Test(arguments: [SimulatedDisk.Fault.failOnce, .fullOnce])
    func failedCallLeavesWholeChunkOrNothing(fault: SimulatedDisk.Fault) throws {
        let calls = try atEachCall(fault) { disk, arm in
            let store = try openStore(on: disk)
            arm()
            let acknowledged = (try? put(store, "f_0", content(2500))) != nil
            let hasStruck = disk.calmDown()
            #expect(disk.contents(of: "/data/f_0") == (acknowledged ? content(2500) : nil))
            #expect(disk.files.filter { $0.contains("/tmp/") } == [])
            #expect(store.withCatalog { $0.ids(includingUnfinished: true).count } == (acknowledged ? 1 : 0))
            return hasStruck
        }
        #expect(calls == 9, "free space, create, three writes, attribute, sync, rename, folder sync")
    }

    @Test(arguments: [false, true])
    func powerLossLeavesWholeChunkOrNothing(keepingUnsynced: Bool) throws {
        let calls = try atEachCall(.powerLoss) { disk, arm in
            let acknowledged = try lossOfPower(disk, arm) { store in try put(store, "f_0", content(2500)) }
            let hasStruck = disk.hasStruck
            disk.restart(keepingUnsynced: keepingUnsynced)
            let store = try openStore(on: disk)
            let bytes = try? read(store, "f_0")
            #expect(bytes == nil || bytes == content(2500))
            #expect(!acknowledged || bytes != nil)
            #expect(disk.files.filter { $0.contains("/tmp/") } == [])
            return hasStruck
        }
        #expect(calls == 9)
    }

    @Test(arguments: [SimulatedDisk.Fault.failOnce, .fullOnce, .powerLoss])
    func blocksPastThePageCacheLeaveWholeChunkOrNothing(fault: SimulatedDisk.Fault) throws {
        let bytes = content(BlockBuffer.capacity + 2500)
        let calls = try atEachCall(fault, takesDirectWrites: true) { disk, arm in
            let acknowledged = try lossOfPower(disk, arm) { store in
                try put(store, "f_0", bytes, expecting: ExpectedContent(length: Int64(bytes.count)))
            }
            let hasStruck = disk.hasStruck
            disk.restart()
            let found = try? read(openStore(on: disk), "f_0")
            #expect(acknowledged ? found == bytes : found == nil || found == bytes)
            #expect(disk.files.filter { $0.contains("/tmp/") } == [])
            return hasStruck
        }
        #expect(
            calls == 12,
            "free space, create, set aside, two blocks, attribute, sync, rename, three for the table, folder sync")
    }

    @Test(arguments: [false, true])
    func powerLossInARepeatedUploadKeepsTheChunk(keepingUnsynced: Bool) throws {
        let calls = try atEachCall(.powerLoss) { disk, arm in
            do { try put(openStore(on: disk), "f_0", content(2500)) }
            _ = try lossOfPower(disk, arm) { store in try put(store, "f_0", content(2500, seed: 2)) }
            let hasStruck = disk.hasStruck
            disk.restart(keepingUnsynced: keepingUnsynced)
            #expect(try read(openStore(on: disk), "f_0") == content(2500))
            return hasStruck
        }
        #expect(calls == 1, "only the free space is asked for")
    }

    /// Opens the store, arms the fault and runs `body`; says whether that succeeded. The store is closed on return.
    private func lossOfPower(
        _ disk: SimulatedDisk, _ arm: () -> Void, _ body: (ChunkStore) throws -> Void
    ) throws -> Bool {
        let store = try openStore(on: disk)
        arm()
        return (try? body(store)) != nil
    }
}
