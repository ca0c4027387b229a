import DFSCore
import NIOCore

/// A record on its way into a chunk.
package struct AppendRecord: Sendable {
    package let id: RecordID
    package let data: [ByteBuffer]
    package let byteCount: Int
    /// Of the data, checked.
    package let crc32c: UInt32

    /// - Parameter crc32c: of the data, checked.
    package init(id: RecordID, data: [ByteBuffer], byteCount: Int, crc32c: UInt32) {
        self.id = id
        self.data = data
        self.byteCount = byteCount
        self.crc32c = crc32c
    }
}

/// Where a record is in its chunk.
package struct RecordPlace: Sendable, Equatable {
    package let offset: Int64
    package let end: Int64
}

/// Records that are written and replicated together.
package struct RecordBatch: Sendable {
    /// In the chunk.
    package let offset: Int64
    package let data: [ByteBuffer]
    package let byteCount: Int
    package let crc32c: UInt32
    let recordCount: Int

    package var end: Int64 { offset + Int64(byteCount) }
}

/// The order of the records of one chunk: decisions only, no disk and no network.
///
/// A record gets its place when it comes. It is *committed* when all servers of the chunk have it durably, and in the order of
/// places. The ids of the last committed records are remembered, and of all that are not committed yet.
package struct RecordSequence {
    /// What becomes of a record that comes.
    package enum Admission: Equatable {
        /// It has this place; new or, with the same id, from before.
        case placed(RecordPlace, isNew: Bool)
        /// The chunk has no room for it, and takes nothing more from now on.
        case full
        /// Its id is that of another record.
        case conflicting
    }

    /// Committed records whose ids are remembered.
    static let memory = 4096

    private struct Known {
        let place: RecordPlace
        let crc32c: UInt32
    }

    /// Bytes that the chunk holds at most.
    package let chunkSize: Int64
    /// Bytes that have a place.
    private(set) var end: Int64 = 0
    /// Bytes that all servers have.
    package private(set) var committed: Int64 = 0
    /// No new record is taken.
    private(set) var isFull = false
    private var waiting: [AppendRecord] = []
    private var known: [RecordID: Known] = [:]
    /// Ids in the order of their places, the first ``head`` of them forgotten.
    private var ids: [RecordID] = []
    private var head = 0
    /// How many of the ids behind ``head`` are committed.
    private var committedCount = 0

    package init(chunkSize: Int64) { self.chunkSize = chunkSize }

    /// Whether a record waits for a batch.
    var hasWaiting: Bool { !waiting.isEmpty }

    package mutating func admit(_ record: AppendRecord) -> Admission {
        if let known = known[record.id] {
            let isSame = known.place.end - known.place.offset == record.byteCount && known.crc32c == record.crc32c
            return isSame ? .placed(known.place, isNew: false) : .conflicting
        }
        if isFull || Int64(record.byteCount) > chunkSize - end {
            isFull = true
            return .full
        }
        let place = RecordPlace(offset: end, end: end + Int64(record.byteCount))
        end = place.end
        waiting.append(record)
        known[record.id] = Known(place: place, crc32c: record.crc32c)
        ids.append(record.id)
        return .placed(place, isNew: true)
    }

    /// The next batch, as much as waits and fits one; `nil` where nothing waits. At most one batch is under way.
    package mutating func takeBatch() -> RecordBatch? {
        guard !waiting.isEmpty else { return nil }
        var (count, byteCount) = (0, 0)
        var segments: [ByteBuffer] = []
        var crc: UInt32 = 0
        while count < min(waiting.count, AppendSettings.batchCount) {
            let record = waiting[count]
            if count > 0, byteCount + record.byteCount > AppendSettings.batchSize { break }
            segments += record.data
            crc = CRC32C.combined(crc, record.crc32c, secondByteCount: record.byteCount)
            byteCount += record.byteCount
            count += 1
        }
        waiting.removeFirst(count)
        return RecordBatch(
            offset: committed, data: segments, byteCount: byteCount, crc32c: crc, recordCount: count)
    }

    /// All servers have the batch durably.
    package mutating func commit(_ batch: RecordBatch) {
        precondition(batch.offset == committed, "batches are committed in order")
        committed = batch.end
        committedCount += batch.recordCount
        while committedCount > Self.memory {
            known[ids[head]] = nil
            head += 1
            committedCount -= 1
        }
        if head > Self.memory {
            ids.removeFirst(head)
            head = 0
        }
    }
}
