import DFSCore
import DFSFiles
import NIOCore

/// Bytes of a chunk, with what they must be.
package struct CheckedBytes: Sendable {
    /// As the disk gave them.
    package let bytes: ByteBuffer
    /// CRC-32C that they must have; `nil` where nobody knows. Of whole blocks it is what is kept beside the chunk, so that
    /// who compares sees what the disk has done to them.
    package let crc32c: UInt32?
}

/// An open chunk; stays readable to its end also when the chunk is deleted meanwhile.
package final class ChunkReader: Sendable {
    /// Whose bytes these are.
    package let id: ChunkID
    /// What the chunk holds.
    package let stored: ChunkCatalog.Stored
    /// Of its blocks; `nil` where its digest is not known yet, or they must be made again from the chunk.
    package let checksums: BlockChecksums?
    /// Its file, for reading.
    package let file: any OpenFile

    init(id: ChunkID, stored: ChunkCatalog.Stored, checksums: BlockChecksums?, file: any OpenFile) {
        self.id = id
        self.stored = stored
        self.checksums = checksums
        self.file = file
    }

    /// Whether it is known what the bytes must be, but not block by block: ``ChunkStore/proven(_:by:)`` changes that.
    package var lacksChecksums: Bool { checksums == nil && stored.crc32c != nil }

    /// Reads exactly `count` bytes from `offset` on, at least one, which must lie in the chunk. Blocks.
    ///
    /// Blocks of which only a part is wanted are read and compared here, as nobody else could.
    ///
    /// - Parameter comparing: whether to compare whole blocks, too, for somebody who does not.
    /// - Throws: code ``DFSError/Code/dataLoss`` when the file is shorter than it was, or holds other bytes.
    package func read(at offset: Int64, count: Int, comparing: Bool) throws(DFSError) -> CheckedBytes {
        guard let checksums else { return CheckedBytes(bytes: try read(at: offset, count: count), crc32c: nil) }
        let wanted = offset..<offset + Int64(count)
        let first = Int(offset / checksums.blockSize)
        let last = Int((wanted.upperBound - 1) / checksums.blockSize)
        let start = checksums.bytes(of: first).lowerBound
        let bytes = try read(at: start, count: Int(checksums.bytes(of: last).upperBound - start))
        var sum = CRC32C.Pieces()
        for block in first...last {
            let whole = checksums.bytes(of: block)
            let part = whole.clamped(to: wanted)
            if comparing || part != whole {
                try compare(block, checksums, Self.sum(of: bytes, from: start, whole))
            }
            sum.append(
                part == whole ? checksums.values[block] : Self.sum(of: bytes, from: start, part),
                byteCount: UInt64(part.count))
        }
        let slice = bytes.getSlice(at: bytes.readerIndex + Int(offset - start), length: count)
        return CheckedBytes(bytes: slice ?? ByteBuffer(), crc32c: sum.value)
    }

    private static func sum(of bytes: ByteBuffer, from start: Int64, _ range: Range<Int64>) -> UInt32 {
        var crc = CRC32C()
        crc.update(bytes, from: Int(range.lowerBound - start), count: range.count)
        return crc.value
    }

    private func compare(_ block: Int, _ checksums: BlockChecksums, _ found: UInt32) throws(DFSError) {
        guard found != checksums.values[block] else { return }
        let range = checksums.bytes(of: block)
        throw DFSError(
            .dataLoss,
            "chunk \(id) is damaged between bytes \(range.lowerBound) and \(range.upperBound); read another replica",
            advice: .tryOtherReplica)
    }

    private func read(at offset: Int64, count: Int) throws(DFSError) -> ByteBuffer {
        let buffer = try file.read(upTo: count, at: offset)
        guard buffer.readableBytes == count else {
            throw DFSError(
                .dataLoss,
                "chunk \(id) ends at byte \(offset + Int64(buffer.readableBytes)) of \(stored.length); read another replica"
            )
        }
        return buffer
    }
}

extension ChunkStore {
    /// Opens a chunk that is whole.
    ///
    /// A chunk whose file was removed behind the store's back leaves the catalog; one whose file has another length stays there
    /// until a check has found it damaged.
    ///
    /// - Throws: code ``DFSError/Code/notFound`` when there is none, ``DFSError/Code/unavailable`` when it is only being
    ///   written, ``DFSError/Code/dataLoss`` when its file is not what it was.
    package func openChunk(_ id: ChunkID) throws(DFSError) -> ChunkReader {
        guard let stored = state.withLock({ $0.catalog.stored(id) }) else {
            let isOnItsWay = state.withLock { $0.catalog.isBeingWritten(id) }
            throw DFSError(
                isOnItsWay ? .unavailable : .notFound,
                isOnItsWay ? "chunk \(id) is still being written here; read another replica" : "no chunk \(id) here",
                advice: .tryOtherReplica)
        }
        let file: any OpenFile
        do {
            file = try files.open(layout.chunk(id), .reading)
        } catch  where error.code == .notFound {
            forget(id)
            throw DFSError(.notFound, "the file of chunk \(id) is gone", advice: .tryOtherReplica)
        }
        guard try file.size() == stored.length else {
            // One look gives nothing up: who reads has it checked.
            throw DFSError(
                .dataLoss, "chunk \(id) has another length on the disk; read another replica", advice: .tryOtherReplica)
        }
        // Where the attribute is lost, a table that is whole still tells what the bytes must be.
        let checksums =
            if let digest = stored.digest { checksums(of: id, digest) } else {
                keptTable(of: id, length: stored.length)
            }
        return ChunkReader(id: id, stored: stored, checksums: checksums, file: file)
    }

    /// Reads a chunk that ``ChunkReader/lacksChecksums``, a step at a time, to make them again.
    package func scan(_ reader: ChunkReader) -> ChunkScan { ChunkScan(reader.file, pastCache: false) }

    /// The same chunk with the checksums that a scan to its end has made; they are kept from now on.
    ///
    /// - Throws: code ``DFSError/Code/dataLoss`` where they are not those of the chunk's digest.
    package func proven(_ reader: ChunkReader, by scan: ChunkScan) throws(DFSError) -> ChunkReader {
        let found = scan.checksums
        guard found.digest == reader.stored.digest else {
            throw DFSError(
                .dataLoss, "the bytes of chunk \(reader.id) do not match its checksum; read another replica",
                advice: .tryOtherReplica)
        }
        if state.withLock({ $0.catalog.stored(reader.id) }) == reader.stored { keepTable(found, of: reader.id) }
        return ChunkReader(id: reader.id, stored: reader.stored, checksums: found, file: reader.file)
    }

    /// Drops a chunk whose file somebody else has removed. A deletion and an upload may have come since it was looked for, so it is
    /// looked for once more, while none can.
    func forget(_ id: ChunkID) {
        let stored = state.withLock { state in
            let stored = state.catalog.stored(id)
            return state.catalog.beginRemoval(id) == .removed ? stored : nil
        }
        guard let stored else { return }
        let isGone: Bool
        do throws(DFSError) {
            isGone = try files.status(of: layout.chunk(id)) == nil
        } catch {
            isGone = false
        }
        if isGone { dropTable(of: id, length: stored.length) }
        state.withLock { $0.catalog.endRemoval(id, keeping: isGone ? nil : stored) }
    }
}
