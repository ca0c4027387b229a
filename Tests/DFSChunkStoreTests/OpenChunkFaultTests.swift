import DFSCore
import DFSFiles
import NIOCore
import Testing

@testable import DFSChunkStore
@testable import DFSSimulation

/// Each call of the disk goes wrong once: what was acknowledged is there, what is there is whole batches, fences hold.
@Suite struct OpenChunkFaultTests {
    /// What was acknowledged before the disk failed.
    private struct Told {
        var length: Int64 = 0
        var hasBegun = false
        var fence: UInt64 = 0
        var digest: ContentDigest?
    }

    private static let batches = [content(700), content(1, seed: 2), content(1300, seed: 3), content(40, seed: 4)]
    private static var all: [UInt8] { batches.flatMap { $0 } }
    /// Where a chunk may end.
    private static var ends: [Int64] { batches.reduce(into: [0]) { $0.append($0[$0.count - 1] + Int64($1.count)) } }

    /// A whole life: begun, appended to, fenced, sealed. Goes on after a failure as a server would.
    private func live(_ store: ChunkStore) throws -> Told {
        var told = Told()
        let id = try id("f_0")
        if let chunk = try? store.beginOpen(id, version: 1, chunkSize: openSize).0 {
            told.hasBegun = true
            for batch in Self.batches {
                guard let length = try? append(chunk, batch, at: told.length) else { break }
                told.length = length
            }
        }
        guard let fenced = try? store.fence(id, version: 2) else { return told }
        told.fence = 2
        #expect(fenced.length == told.length || !told.hasBegun)
        told.digest = try? store.seal(id, version: 2, length: fenced.length)
        return told
    }

    private func check(_ store: ChunkStore, _ told: Told, afterCall number: Int) throws {
        let id = try id("f_0")
        let fenced = try store.fence(id, version: max(2, told.fence))
        #expect(fenced.length >= told.length, "call \(number)")
        #expect(Self.ends.contains(fenced.length), "call \(number): \(fenced.length)")
        if told.hasBegun { #expect(fenced.hasChunk, "call \(number)") }
        if told.digest != nil { #expect(fenced.isSealed, "call \(number)") }
        if told.fence == 2, !fenced.isSealed {
            #expect(code { _ = try store.beginOpen(id, version: 1, chunkSize: openSize) } == .failedPrecondition)
        }
        let digest = try store.seal(id, version: 2, length: fenced.length)
        #expect(digest.crc32c == CRC32C.of(Self.all.prefix(Int(fenced.length))), "call \(number)")
        #expect(try read(store, "f_0") == Array(Self.all.prefix(Int(fenced.length))), "call \(number)")
        if let earlier = told.digest { #expect(digest == earlier) }
    }

    @Test(arguments: [SimulatedDisk.Fault.powerLoss, .failOnce, .fullOnce], [false, true])
    func acknowledgedBatchesAreThereAfterARestart(_ fault: SimulatedDisk.Fault, keepingUnsynced: Bool) throws {
        var calls = 0
        for number in 1..<1000 {
            let disk = SimulatedDisk()
            let told: Told
            do {
                let store = try openStore(on: disk)
                disk.strike(fault, atCall: number)
                told = try live(store)
            }
            let hasStruck = disk.hasStruck
            disk.restart(keepingUnsynced: keepingUnsynced)
            try check(openStore(on: disk), told, afterCall: number)
            if !hasStruck { break }
            calls = number
        }
        #expect((25...45).contains(calls), "\(calls) calls")
    }

    /// Another power loss while the first one is being recovered from.
    @Test(arguments: [false, true])
    func recoveryMayBeInterruptedAnywhere(keepingUnsynced: Bool) throws {
        for first in [4, 9, 12, 15, 20, 22, 24, 26, 28] {
            for second in 1..<200 {
                let disk = SimulatedDisk()
                let told: Told
                do {
                    let store = try openStore(on: disk)
                    disk.strike(.powerLoss, atCall: first)
                    told = try live(store)
                }
                disk.restart(keepingUnsynced: keepingUnsynced)
                disk.strike(.powerLoss, atCall: second)
                do {
                    let store = try openStore(on: disk)
                    let fenced = try store.fence(id("f_0"), version: 2)
                    _ = try store.seal(id("f_0"), version: 2, length: fenced.length)
                } catch {}
                let hasStruck = disk.hasStruck
                disk.restart(keepingUnsynced: keepingUnsynced)
                try check(openStore(on: disk), told, afterCall: second)
                if !hasStruck { break }
            }
        }
    }

    @Test func nothingIsTakenAfterAFailedSyncAndTheFileIsNotSealed() throws {
        let disk = SimulatedDisk()
        let store = try openStore(on: disk)
        let chunk = try store.beginOpen(id("f_0"), version: 1, chunkSize: openSize).0
        try append(chunk, content(100))
        disk.strike(.failOnce, atCall: 3)
        #expect(code { try append(chunk, content(50), at: 100) } == .dataLoss)
        #expect(disk.calmDown(), "data, entry, sync")
        #expect(code { try append(chunk, content(50), at: 100) } == .unavailable)
        #expect(try store.fence(id("f_0"), version: 2).length == 100)
        #expect(code { _ = try store.seal(id("f_0"), version: 2, length: 100) } == .dataLoss)
    }

    @Test func fullDiskFreezesTheChunkWhichCanStillBeSealed() throws {
        let disk = SimulatedDisk()
        let store = try openStore(on: disk)
        let chunk = try store.beginOpen(id("f_0"), version: 1, chunkSize: openSize).0
        try append(chunk, content(100))
        disk.strike(.fullOnce, atCall: 1)
        #expect(code { try append(chunk, content(50), at: 100) } == .resourceExhausted)
        #expect(disk.calmDown())
        #expect(code { try append(chunk, content(50), at: 100) } == .unavailable)
        _ = try store.fence(id("f_0"), version: 2)
        #expect(try store.seal(id("f_0"), version: 2, length: 100).crc32c == CRC32C.of(content(100)))
    }

    @Test func oneBatchCostsTwoWritesAndOneSync() throws {
        let disk = SimulatedDisk()
        let store = try openStore(on: disk)
        let chunk = try store.beginOpen(id("f_0"), version: 1, chunkSize: openSize).0
        disk.strike(.failOnce, atCall: 4)
        try append(chunk, content(100), at: 0)
        #expect(!disk.hasStruck)
        #expect(throws: DFSError.self) { try append(chunk, content(100), at: 100) }
    }

    /// The journal's bytes under each flipped bit and cut: no entry, or the entry that was written.
    @Test func damagedEntryIsNone() throws {
        let entry = JournalEntry(slot: 3, chunkSize: openSize, end: 77, version: 5, fence: 6, crc32c: 0xDEAD_BEEF)
        let bytes = Array(entry.encoded.readableBytesView)
        #expect(bytes.count == JournalEntry.byteCount)
        #expect(JournalEntry(ByteBuffer(bytes: bytes), at: entry.position) == entry)
        #expect(JournalEntry(ByteBuffer(bytes: bytes), at: entry.position + 64) == nil)
        for index in bytes.indices {
            #expect(JournalEntry(ByteBuffer(bytes: bytes[..<index]), at: entry.position) == nil)
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << bit
                #expect(JournalEntry(ByteBuffer(bytes: changed), at: entry.position) == nil, "\(index), bit \(bit)")
            }
        }
    }

    /// A file of three batches, and with or without a fence behind them, cut at each offset and with each byte damaged: nothing is
    /// taken for its end that a later entry says more of.
    @Test(arguments: [false, true]) func damagedFileGivesAllThatWasSyncedOrNothing(isFenced: Bool) throws {
        let batches = [content(70), content(1, seed: 2), content(130, seed: 3)]
        let all = batches.flatMap { $0 }
        let original: [UInt8]
        do {
            let disk = SimulatedDisk()
            let store = try openStore(on: disk)
            let chunk = try store.beginOpen(id("f_0"), version: 1, chunkSize: 300).0
            for batch in batches { try append(chunk, batch) }
            if isFenced { _ = try store.fence(id("f_0"), version: 2) }
            original = try #require(disk.contents(of: "/data/.dfs/open/f_0"))
        }
        #expect(original.count == 4096 + (isFenced ? 5 : 4) * 64)
        // All of data and journal; of the hole between them, some.
        let positions = Array(0..<310) + Array(stride(from: 310, to: 4096, by: 97)) + Array(4096..<original.count)
        for position in positions {
            var flipped = original
            flipped[position] ^= 0x10
            for (bytes, isCut) in [(Array(original[..<position]), true), (flipped, false)] {
                let disk = SimulatedDisk()
                do { _ = try openStore(on: disk) }
                let file = try disk.open("/data/.dfs/open/f_0", .creating)
                try file.write([ByteBuffer(bytes: bytes)], at: 0)
                let store = try openStore(on: disk)
                let expected = isCut ? Self.lengthOfACut(at: position) : Self.lengthOfAFlip(at: position, isFenced)
                guard let expected else {
                    #expect(code { _ = try store.fence(id("f_0"), version: 3) } == .dataLoss, "\(position)")
                    continue
                }
                let length = try store.fence(id("f_0"), version: 3).length
                #expect(length == expected, "\(position): \(length)")
                _ = try store.seal(id("f_0"), version: 3, length: length)
                #expect(try read(store, "f_0") == Array(all.prefix(Int(length))), "\(position)")
            }
        }
    }

    /// What the entries that are left say; `nil` where there are none.
    private static func lengthOfACut(at position: Int) -> Int64? {
        let count = (position - 4096) / JournalEntry.byteCount
        return count < 1 ? nil : [0, 70, 71, 201, 201][count - 1]
    }

    /// Only the last batch may be torn, unless a fence came behind it.
    private static func lengthOfAFlip(at position: Int, _ isFenced: Bool) -> Int64? {
        switch position {
        case ..<71: nil
        case ..<201: isFenced ? nil : 71
        case (4096 + 3 * JournalEntry.byteCount)...: isFenced ? 201 : 71
        default: 201
        }
    }

    /// What a failed sync left in the page cache is no news of the disk, though the next process reads it and its sync succeeds.
    @Test func aProcessThatStartsAfterAFailedSyncSealsWhatTheDiskHas() throws {
        let disk = SimulatedDisk()
        do {
            let store = try openStore(on: disk)
            let chunk = try store.beginOpen(id("f_0"), version: 1, chunkSize: openSize).0
            try append(chunk, content(100))
            disk.strike(.failOnce, atCall: 3)
            #expect(code { try append(chunk, content(50), at: 100) } == .dataLoss)
            #expect(disk.calmDown(), "data, entry, sync")
        }
        do {
            let store = try openStore(on: disk)
            #expect(try store.fence(id("f_0"), version: 2).length == 100)
            _ = try store.seal(id("f_0"), version: 2, length: 100)
        }
        disk.restart()
        let store = try openStore(on: disk)
        #expect(try read(store, "f_0") == content(100))
    }

    /// Of an open chunk that has come whole nothing stays, whichever call fails: once that is deleted, it would come back as an open one.
    @Test func theOpenFileOfAChunkThatHasComeWholeGoesInTheEnd() throws {
        var (number, hasStruck, isLeft) = (1, true, false)
        while hasStruck {
            let disk = SimulatedDisk()
            let store = try openStore(on: disk)
            try append(store.beginOpen(id("f_0"), version: 1, chunkSize: openSize).0, content(700))
            disk.strike(.failOnce, atCall: number)
            let hasCome = (try? put(store, "f_0", content(900))) != nil
            hasStruck = disk.calmDown()
            if hasCome {
                isLeft = isLeft || disk.files.contains { $0.contains("/open/") }
                _ = try store.purgeQuarantine()
                #expect(disk.files.filter { $0.contains("/open/") } == [], "call \(number)")
                #expect(try store.quarantine(id("f_0"), .certain) == .removed)
                #expect(
                    code { _ = try store.fence(id("f_0"), version: 2) } == nil, "the file is in nobody's way any more")
            }
            number += 1
        }
        #expect(isLeft)
    }

    /// A master that was restarted meanwhile fences anew; or the chunk comes whole, from a server whose seal went well.
    @Test(arguments: [false, true]) func aSealThatFailsIsDoneAfterAHigherFenceOrAnUpload(isSent: Bool) throws {
        var (number, hasStruck) = (1, true)
        while hasStruck {
            let disk = SimulatedDisk()
            let store = try openStore(on: disk)
            try append(store.beginOpen(id("f_0"), version: 1, chunkSize: openSize).0, content(700))
            _ = try store.fence(id("f_0"), version: 2)
            disk.strike(.failOnce, atCall: number)
            let hasFailed = (try? store.seal(id("f_0"), version: 2, length: 700)) == nil
            hasStruck = disk.calmDown()
            if hasFailed, isSent {
                try put(store, "f_0", content(700))
                _ = try store.purgeQuarantine()
            } else if hasFailed {
                guard let fenced = try? store.fence(id("f_0"), version: 3) else {
                    // What a failed sync left on the disk is known after a restart.
                    number += 1
                    continue
                }
                #expect(fenced.length == 700, "call \(number)")
                _ = try? store.seal(id("f_0"), version: 3, length: 700)
            }
            if isSent || store.withCatalog({ $0.storedCount }) == 1 {
                #expect(store.withCatalog { $0.openCount } == 0, "call \(number)")
                #expect(try read(store, "f_0") == content(700), "call \(number)")
                #expect(disk.contents(of: "/data/f_0")?.count == 700, "call \(number)")
            }
            disk.restart()
            let again = try openStore(on: disk)
            if try !again.fence(id("f_0"), version: 4).isSealed {
                _ = try again.seal(id("f_0"), version: 4, length: 700)
            }
            #expect(try read(again, "f_0") == content(700), "call \(number) after a restart")
            number += 1
        }
        #expect(number > 4)
    }

    @Test func aDamagedChunkInQuarantineIsNotCalledAbsent() throws {
        let store = try openStore(on: SimulatedDisk())
        try put(store, "f_0", content(700))
        #expect(try store.quarantine(id("f_0"), .damaged) == .removed)
        #expect(code { _ = try store.fence(id("f_0"), version: 2) } == .failedPrecondition)
    }

    /// Another process takes over, after each call that can fail, and then the power goes.
    @Test func whatIsToldAfterAFailureAndARestartOutlastsAPowerLoss() throws {
        var (number, hasStruck) = (1, true)
        while hasStruck {
            let disk = SimulatedDisk()
            let told: Told
            do {
                let store = try openStore(on: disk)
                disk.strike(.failOnce, atCall: number)
                told = try live(store)
            }
            hasStruck = disk.calmDown()
            var fence: UInt64 = 0
            do {
                let store = try openStore(on: disk)
                fence = try store.fence(id("f_0"), version: 2).isSealed ? 0 : 2
            }
            disk.restart()
            do {
                let store = try openStore(on: disk)
                if fence == 2 {
                    #expect(
                        code { _ = try store.beginOpen(id("f_0"), version: 1, chunkSize: openSize) }
                            == .failedPrecondition, "call \(number)")
                }
                try check(store, told, afterCall: number)
            }
            disk.restart()
            let bytes = try read(openStore(on: disk), "f_0")
            #expect(bytes == Array(Self.all.prefix(bytes.count)) && bytes.count >= told.length, "call \(number)")
            number += 1
        }
        #expect(number > 25)
    }

    /// A seal that the last process began is finished only with the bytes that the digest is of.
    /// As a power loss may leave it between the cut and the name, or give it back that name after the chunk was put aside.
    @Test(arguments: [false, true]) func aSealedChunkWithOtherBytesIsADamagedOne(isUnreadable: Bool) throws {
        let (disk, path) = (SimulatedDisk(), "/data/.dfs/open/f_0")
        do {
            let store = try openStore(on: disk)
            let chunk = try store.beginOpen(id("f_0"), version: 1, chunkSize: openSize).0
            try append(chunk, content(1200))
        }
        let file = try disk.open(path, .continuing)
        _ = try file.setAttribute(
            DigestAttribute.name,
            to: DigestAttribute.text(of: ContentDigest(length: 1200, crc32c: CRC32C.of(content(1200)))))
        try file.truncate(to: 1200)
        if !isUnreadable { try file.write([ByteBuffer(bytes: [content(1200)[7] ^ 1])], at: 7) }
        try file.sync()
        if isUnreadable { disk.makeUnreadable(path) }
        do {
            let store = try openStore(on: disk)
            #expect(store.startReport.damagedSeals == [try id("f_0")] && store.startReport.openUnreadable.isEmpty)
            #expect(store.unservedCount == 0 && disk.contents(of: path) == nil)
            #expect(disk.files.count { $0.contains("-damaged/f_0") } == 1)
            #expect(code { _ = try store.fence(id("f_0"), version: 2) } != nil, "it is not said to be absent")
        }
        let store = try openStore(on: disk)
        #expect(store.startReport.damagedSeals.isEmpty)
        #expect(code { _ = try store.fence(id("f_0"), version: 2) } != nil, "nor after one more restart")
    }

    @Test(arguments: [false, true]) func aSealIsNotFinishedOverOtherBytes(isCut: Bool) throws {
        let (disk, path) = (SimulatedDisk(), "/data/.dfs/open/f_0")
        do {
            let store = try openStore(on: disk)
            let chunk = try store.beginOpen(id("f_0"), version: 1, chunkSize: openSize).0
            try append(chunk, content(1200))
            _ = try store.fence(id("f_0"), version: 2)
        }
        let file = try disk.open(path, .continuing)
        // One digit of the length has rotted.
        let digest = ContentDigest(length: 120, crc32c: CRC32C.of(content(1200)))
        _ = try file.setAttribute(DigestAttribute.name, to: DigestAttribute.text(of: digest))
        if isCut { try file.truncate(to: 1200) }
        try file.sync()
        for _ in 0..<2 {
            let store = try openStore(on: disk)
            #expect(store.startReport.openUnreadable.map(\.id) == [try id("f_0")])
            #expect(store.withCatalog { $0.storedCount } == 0)
            #expect(try #require(disk.contents(of: path)).prefix(1200) == content(1200)[...])
            if isCut {
                #expect(code { _ = try store.fence(id("f_0"), version: 2) } == .dataLoss)
            } else {
                #expect(try store.fence(id("f_0"), version: 2) == .init(hasChunk: true, length: 1200, isSealed: false))
            }
        }
        if isCut { return }
        let store = try openStore(on: disk)
        _ = try store.fence(id("f_0"), version: 2)
        _ = try store.seal(id("f_0"), version: 2, length: 1200)
        #expect(try read(store, "f_0") == content(1200))
    }
}
