import DFSCore
import NIOCore
import Testing

@testable import DFSChunkServer

@Suite struct RecordSequenceTests {
    private func record(_ number: Int, _ byteCount: Int = 10) -> AppendRecord {
        let bytes = content(byteCount, seed: number)
        return AppendRecord(
            id: RecordID(high: 0, low: UInt64(number)), data: [ByteBuffer(bytes: bytes)], byteCount: byteCount,
            crc32c: CRC32C.of(bytes))
    }

    private func place(_ offset: Int64, _ end: Int64, isNew: Bool = true) -> RecordSequence.Admission {
        .placed(RecordPlace(offset: offset, end: end), isNew: isNew)
    }

    @Test func batchHasTheRecordsInTheirOrderAndTheirChecksum() throws {
        var sequence = RecordSequence(chunkSize: 1000)
        for number in 0..<5 {
            #expect(sequence.admit(record(number)) == place(Int64(number) * 10, Int64(number) * 10 + 10))
        }
        let next = sequence.takeBatch()
        let batch = try #require(next)
        let bytes = (0..<5).flatMap { content(10, seed: $0) }
        #expect(batch.offset == 0 && batch.end == 50 && batch.recordCount == 5)
        #expect(batch.data.flatMap { Array($0.readableBytesView) } == bytes)
        #expect(batch.crc32c == CRC32C.of(bytes))
        #expect(sequence.takeBatch() == nil)
        #expect(sequence.committed == 0)
        sequence.commit(batch)
        #expect(sequence.committed == 50)
    }

    @Test func batchIsBounded() throws {
        var sequence = RecordSequence(chunkSize: 1 << 30)
        for number in 0..<3000 { _ = sequence.admit(record(number)) }
        _ = sequence.admit(record(3000, 3 << 20))
        _ = sequence.admit(record(3001, 3 << 20))
        _ = sequence.admit(record(3002, 9 << 20))
        var counts: [Int] = []
        while let batch = sequence.takeBatch() {
            counts.append(batch.recordCount)
            sequence.commit(batch)
        }
        #expect(counts == [1024, 1024, 953, 1, 1])
        #expect(sequence.committed == sequence.end)
    }

    @Test func fullChunkTakesNoFurtherRecordAndStillKnowsTheOldOnes() {
        var sequence = RecordSequence(chunkSize: 25)
        #expect(sequence.admit(record(1)) == place(0, 10))
        #expect(sequence.admit(record(2, 16)) == .full)
        #expect(sequence.admit(record(3, 1)) == .full, "also one that would fit: order")
        #expect(sequence.admit(record(1)) == place(0, 10, isNew: false))
    }

    @Test func lastRecordsAreRememberedAndOlderOnesForgotten() throws {
        var sequence = RecordSequence(chunkSize: 1 << 30)
        for number in 0..<20_000 {
            _ = sequence.admit(record(number, 1))
            if let batch = sequence.takeBatch() { sequence.commit(batch) }
        }
        let end = Int64(20_000)
        let oldest = 20_000 - RecordSequence.memory
        #expect(sequence.admit(record(oldest, 1)) == place(Int64(oldest), Int64(oldest) + 1, isNew: false))
        #expect(sequence.admit(record(oldest - 1, 1)) == place(end, end + 1))
    }

    @Test func idOfAnotherRecordIsRefused() {
        var sequence = RecordSequence(chunkSize: 1000)
        let first = record(1)
        _ = sequence.admit(first)
        let other = AppendRecord(id: first.id, data: first.data, byteCount: 10, crc32c: first.crc32c ^ 1)
        #expect(sequence.admit(other) == .conflicting)
    }
}
