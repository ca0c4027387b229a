import DFSCore
import DFSFiles
import NIOCore

/// Sums a chunk that comes in pieces, cut anywhere, for the checksums of its blocks: one pass over the bytes gives these
/// and those of the pieces.
package struct BlockSummer: Sendable {
    private var full: [UInt32] = []
    /// Of the block that is being filled.
    private var open: UInt32 = 0
    private var openCount = 0

    package init() {}

    /// Bytes so far.
    package var length: Int64 { Int64(full.count) * Int64(BlockChecksums.usualBlockSize) + Int64(openCount) }

    /// Takes the next bytes; says what their own checksum is.
    package mutating func append(_ segments: [ByteBuffer]) -> UInt32 {
        var piece = Piece()
        for segment in segments {
            take(segment.readableBytes, &piece) { $0.update(segment, from: $1, count: $2) }
        }
        close(&piece)
        return piece.sum.value
    }

    /// The same for what a block holds.
    package mutating func append(_ block: BlockBuffer) {
        var piece = Piece()
        take(block.count, &piece) { $0.update(block, from: $1, count: $2) }
        close(&piece)
    }

    /// Of all bytes so far, as of a whole chunk.
    package var checksums: BlockChecksums {
        if length > BlockChecksums.wholeBlockSize {
            return BlockChecksums(length: length, values: openCount == 0 ? full : full + [open])
        }
        var sum = CRC32C.Pieces()
        for value in full { sum.append(value, byteCount: UInt64(BlockChecksums.usualBlockSize)) }
        sum.append(open, byteCount: UInt64(openCount))
        return BlockChecksums(length: length, values: length == 0 ? [] : [sum.value])
    }

    /// What of a piece has been taken: all parts that ended with a block, and the one that goes on.
    private struct Piece {
        var sum = CRC32C.Pieces()
        var part = CRC32C()
        var partCount = 0
    }

    private mutating func take(
        _ byteCount: Int, _ piece: inout Piece, _ update: (inout CRC32C, _ start: Int, _ count: Int) -> Void
    ) {
        var start = 0
        while start < byteCount {
            let count = min(byteCount - start, BlockChecksums.usualBlockSize - openCount - piece.partCount)
            update(&piece.part, start, count)
            piece.partCount += count
            start += count
            if openCount + piece.partCount == BlockChecksums.usualBlockSize { close(&piece) }
        }
    }

    /// Counts the part that goes on as one of the block and of the piece.
    private mutating func close(_ piece: inout Piece) {
        if piece.partCount == 0 { return }
        let part = piece.part.value
        piece.sum.append(part, byteCount: UInt64(piece.partCount))
        open = openCount == 0 ? part : CRC32C.combined(open, part, secondByteCount: piece.partCount)
        openCount += piece.partCount
        (piece.part, piece.partCount) = (CRC32C(), 0)
        guard openCount == BlockChecksums.usualBlockSize else { return }
        full.append(open)
        (open, openCount) = (0, 0)
    }
}
