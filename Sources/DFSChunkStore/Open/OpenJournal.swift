import DFSCore
import DFSFiles
import NIOCore

/// The journal of an open chunk's file, as it is found.
struct OpenJournal: Sendable {
    /// Entries that are whole, by their places.
    let entries: [JournalEntry]
    /// The first place that nothing was ever written at.
    let nextSlot: Int64

    /// From which version on something is taken.
    var fence: UInt64 { entries.reduce(0) { max($0, $1.fence) } }
    /// Under which the bytes came; 0 where none has come.
    var version: UInt64 { entries.reduce(0) { max($0, $1.version) } }
    /// In bytes.
    let chunkSize: Int64

    /// Entries that may be torn at the end of a file: the last batch and the fences behind it that failed.
    private static let tornEntries: Int64 = 64
    /// Bytes read at a time.
    private static let readStep = 1 << 20

    /// Reads the journal; `nil` where the file has none.
    ///
    /// The chunk size, and with it the place of the journal, is found from the file's end: the journal is the last thing in
    /// the file, its entries stand at multiples of their size, and each tells where it belongs.
    init?(_ file: any OpenFile) throws(DFSError) {
        let size = try file.size()
        guard let chunkSize = try Self.chunkSize(file, size) else { return nil }
        self.chunkSize = chunkSize
        let start = JournalEntry.start(chunkSize: chunkSize)
        var entries: [JournalEntry] = []
        for position in stride(from: start, to: size, by: Self.readStep) {
            let part = try file.read(upTo: Self.readStep, at: position)
            entries += Self.entries(in: part, at: position).filter { $0.chunkSize == chunkSize }
        }
        self.entries = entries
        let entrySize = Int64(JournalEntry.byteCount)
        nextSlot = (size - start + entrySize - 1) / entrySize
    }

    private static func chunkSize(_ file: any OpenFile, _ size: Int64) throws(DFSError) -> Int64? {
        let entrySize = Int64(JournalEntry.byteCount)
        let start = max(0, size / entrySize - tornEntries) * entrySize
        let part = try file.read(upTo: Int(size - start), at: start)
        return entries(in: part, at: start).last?.chunkSize
    }

    private static func entries(in part: ByteBuffer, at start: Int64) -> [JournalEntry] {
        var rest = part
        var position = start
        var entries: [JournalEntry] = []
        while rest.readableBytes >= JournalEntry.byteCount {
            if let entry = JournalEntry(rest, at: position) { entries.append(entry) }
            rest.moveReaderIndex(forwardBy: JournalEntry.byteCount)
            position += Int64(JournalEntry.byteCount)
        }
        return entries
    }

    /// How far the data in the file is what the journal says: the newest entry whose checksum matches.
    ///
    /// - Returns: `nil` where bytes are not what they were that had been synced, and may have been acknowledged: only the last batch
    ///   may be torn.
    func durableContent(_ file: any OpenFile) throws(DFSError) -> ContentDigest? {
        var crc = CRC32C()
        var position: Int64 = 0
        var best = ContentDigest(length: 0, crc32c: 0)
        for (index, entry) in entries.enumerated() where entry.end > position {
            while position < entry.end {
                let part = try file.read(upTo: Int(min(Int64(Self.readStep), entry.end - position)), at: position)
                if part.readableBytes == 0 { return wasSynced(index) ? nil : best }
                crc.update(part)
                position += Int64(part.readableBytes)
            }
            guard crc.value == entry.crc32c else { return wasSynced(index) ? nil : best }
            best = ContentDigest(length: position, crc32c: crc.value)
        }
        return best
    }

    /// Whether a later entry tells of the bytes of this one, too: an entry is written only when those before it are synced, and one
    /// behind a failed sync, a fence, tells the end before that.
    private func wasSynced(_ index: Int) -> Bool {
        entries[(index + 1)...].contains { $0.end >= entries[index].end }
    }
}
