import DFSCore
import DFSFiles
import DFSSimulation
import NIOCore
import Testing

@testable import DFSChunkStore

/// Checksums by block: how they are made, kept, lost and made again.
@Suite struct ChecksumTests {
    private static let long = (1 << 20) + 70_000
    private static let table = "/data/.dfs/checksums/f_0"

    private func digest(_ bytes: [UInt8]) -> ContentDigest {
        ContentDigest(length: Int64(bytes.count), crc32c: CRC32C.of(bytes))
    }

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 1 << 20, (1 << 20) + 1, (1 << 20) + (1 << 16), (3 << 20) + 7])
    func piecesCutAnywhereGiveTheSameChecksums(count: Int) {
        let bytes = content(count)
        let size = count <= 1 << 20 ? 1 << 20 : 1 << 16
        let values = stride(from: 0, to: count, by: size).map { CRC32C.of(bytes[$0..<min(count, $0 + size)]) }
        for pieceSize in [1000, 65_536, 100_003, 1 << 20] {
            var summer = BlockSummer()
            for start in stride(from: 0, to: count, by: pieceSize) {
                let piece = bytes[start..<min(count, start + pieceSize)]
                let halves = [piece.prefix(piece.count / 3), piece.dropFirst(piece.count / 3)]
                #expect(summer.append(halves.map { ByteBuffer(bytes: $0) }) == CRC32C.of(piece))
            }
            #expect(summer.checksums == BlockChecksums(length: Int64(count), values: values))
        }
        #expect(BlockChecksums(length: Int64(count), values: values).digest == digest(bytes))
    }

    @Test func aTableWithAnyByteFlippedOrMissingIsNone() throws {
        var summer = BlockSummer()
        _ = summer.append([ByteBuffer(bytes: content(Self.long))])
        let whole = ChecksumTable.encode(summer.checksums)
        let length = Int64(Self.long)
        #expect(ChecksumTable.decode(whole, length: length) == summer.checksums)
        for at in 0..<whole.readableBytes {
            var flipped = Array(whole.readableBytesView)
            flipped[at] ^= 0x40
            #expect(ChecksumTable.decode(ByteBuffer(bytes: flipped), length: length) == nil)
            #expect(ChecksumTable.decode(whole.getSlice(at: 0, length: at) ?? ByteBuffer(), length: length) == nil)
        }
        #expect(ChecksumTable.decode(whole, length: length + 1) == nil)
    }

    @Test func onlyChunksThatAreReadInPartsHaveATable() throws {
        let disk = SimulatedDisk()
        let store = try openStore(on: disk)
        try put(store, "short_0", content(1 << 20))
        #expect(disk.files.filter { $0.contains("checksums") } == [])
        try put(store, "f_0", content(Self.long))
        #expect(disk.files.filter { $0.contains("checksums") } == [Self.table])
        #expect(disk.contents(of: Self.table)?.count == 24 + 4 * 18 + 4)
        #expect(try store.quarantine(id("f_0"), .certain) == .removed)
        #expect(disk.files.filter { $0.contains("checksums") } == [])
    }

    @Test(arguments: [100_000, long])
    func aFlippedBitIsSeenWhereverItIs(count: Int) throws {
        let disk = SimulatedDisk()
        let store = try openStore(on: disk)
        let bytes = content(count)
        try put(store, "f_0", bytes)
        let reader = try store.openChunk(id("f_0"))
        for at in [0, 1, 65_535, 65_536, count / 2, count - 1] {
            try disk.rot("/data/f_0", at: at)
            // Ranges around the byte, beside it, and of whole blocks.
            for range in [at..<at + 1, max(0, at - 70_000)..<min(count, at + 70_000), 0..<count] {
                #expect(
                    code { _ = try reader.read(at: Int64(range.lowerBound), count: range.count, comparing: true) }
                        == .dataLoss)
                guard let open = try? reader.read(at: Int64(range.lowerBound), count: range.count, comparing: false)
                else { continue }
                #expect(CRC32C.of(open.bytes.readableBytesView) != open.crc32c, "byte \(at) in \(range)")
            }
            try disk.rot("/data/f_0", at: at)
            let whole = try reader.read(at: 3, count: count - 5, comparing: false)
            #expect(Array(whole.bytes.readableBytesView) == Array(bytes[3..<count - 2]))
            #expect(whole.crc32c == CRC32C.of(bytes[3..<count - 2]))
        }
    }

    @Test func aTableThatIsLostTornOrOfOtherBytesIsMadeAgain() throws {
        let disk = SimulatedDisk()
        let store = try openStore(on: disk)
        try put(store, "other_0", content(Self.long, seed: 2))
        try put(store, "f_0", content(Self.long))
        let right = try #require(disk.contents(of: Self.table))
        let other = try #require(disk.contents(of: "/data/.dfs/checksums/other_0"))
        for wrong in [nil, [], Array(right.prefix(40)), other] {
            try disk.remove(Self.table)
            if let wrong { try disk.open(Self.table, .creating).write([ByteBuffer(bytes: wrong)], at: 0) }
            let reader = try store.openChunk(id("f_0"))
            #expect(reader.lacksChecksums)
            let scan = store.scan(reader)
            while try scan.step() > 0 {}
            #expect(try !store.proven(reader, by: scan).lacksChecksums)
            #expect(disk.contents(of: Self.table) == right)
        }
        try disk.remove(Self.table)
        try disk.rot("/data/f_0", at: 5)
        let reader = try store.openChunk(id("f_0"))
        let scan = store.scan(reader)
        while try scan.step() > 0 {}
        #expect(code { _ = try store.proven(reader, by: scan) } == .dataLoss)
    }

    @Test(arguments: [false, true])
    func aTableNeedsNoSyncOfItsOwn(keepingUnsynced: Bool) throws {
        let disk = SimulatedDisk()
        do { try put(openStore(on: disk), "f_0", content(Self.long)) }
        disk.restart(keepingUnsynced: keepingUnsynced)
        let store = try openStore(on: disk)
        #expect(try store.openChunk(id("f_0")).lacksChecksums == !keepingUnsynced)
        let mended = keepingUnsynced ? [] : [ChunkStore.missingTable]
        #expect(try check(store, "f_0") == .sound(digest(content(Self.long)), mended: mended))
        #expect(try read(store, "f_0") == content(Self.long))
    }

    @Test func tablesOfChunksThatAreGoneGoAtTheStart() throws {
        let disk = SimulatedDisk()
        do { try put(openStore(on: disk), "f_0", content(Self.long)) }
        try disk.remove("/data/f_0")
        _ = try openStore(on: disk)
        #expect(disk.files.filter { $0.contains("checksums") } == [])
    }
}
