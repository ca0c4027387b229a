import DFSCore
import DFSFiles
import DFSServices
import DFSWire
import NIOCore

/// A replica on this machine, read from its own file: no byte of it passes through the chunk server or a socket.
///
/// The server has said what each block must be; a block is compared before a byte of it is passed on, as it is with bytes that
/// come over the network.
struct LocalReplica: Sendable {
    private static let maxBlockSize = 1 << 20

    /// Bytes in the chunk.
    let length: Int
    private let file: any OpenFile
    /// Bytes in each block but the last.
    let blockSize: Int
    /// CRC-32C of each block.
    private let checksums: [UInt32]
    /// For errors.
    private let chunkID: String
    /// One of the few that may be read at once.
    var slot: ShortCircuit.Slot?

    /// Fetches the file that `answer` has promised; blocks.
    ///
    /// - Throws: ``DFSError`` where it is not to be had here, or not what the answer says.
    init(_ answer: LendResponse, of chunkID: String) throws(DFSError) {
        guard answer.token.count == LentFile.tokenLength else {
            throw DFSError(.internal, "an unusable token for the file of chunk \(chunkID)")
        }
        try self.init(answer, of: chunkID) { () throws(DFSError) in
            try LentFile.receive(from: answer.socketPath, showing: answer.token, within: 5)
        }
    }

    /// - Parameter fetch: gets the file.
    init(
        _ answer: LendResponse, of chunkID: String, fetch: () throws(DFSError) -> any OpenFile
    ) throws(DFSError) {
        self.chunkID = chunkID
        guard let length = Int(exactly: answer.length), (1...Self.maxBlockSize).contains(Int(answer.blockSize)),
            answer.checksums.count.isMultiple(of: 4)
        else { throw DFSError(.internal, "an unusable promise of the file of chunk \(chunkID)") }
        self.length = length
        blockSize = Int(answer.blockSize)
        checksums = Self.numbers(answer.checksums)
        guard checksums.count == (length == 0 ? 0 : (length - 1) / blockSize + 1) else {
            throw DFSError(.internal, "\(checksums.count) checksums for the \(length) bytes of chunk \(chunkID)")
        }
        file = try fetch()
        let size = try file.size()
        guard size == Int64(length) else {
            throw DFSError(
                .dataLoss, "the file of chunk \(chunkID) has \(size) of \(length) bytes", advice: .tryOtherReplica)
        }
    }

    private static func numbers(_ bytes: [UInt8]) -> [UInt32] {
        var buffer = ByteBuffer(bytes: bytes)
        var numbers: [UInt32] = []
        numbers.reserveCapacity(bytes.count / 4)
        while let number = buffer.readInteger(endianness: .little, as: UInt32.self) { numbers.append(number) }
        return numbers
    }

    /// Of the whole chunk.
    var stored: StoredChunk {
        var sum = CRC32C.Pieces()
        for (block, value) in checksums.enumerated() { sum.append(value, byteCount: UInt64(bytes(of: block).count)) }
        return StoredChunk(length: length, crc32c: sum.value)
    }

    private func bytes(of block: Int) -> Range<Int> {
        block * blockSize..<min(length, (block + 1) * blockSize)
    }

    /// Reads bytes from `range.lowerBound` on into `buffer`, in place of what it held, and compares all blocks that they are
    /// in: as many whole blocks as fit, but nothing outside of `range`. Blocks.
    ///
    /// - Parameters:
    ///   - range: of the chunk, all inside it, and not empty.
    ///   - buffer: one whose memory is used again; at least a block fits.
    /// - Returns: CRC-32C of the bytes, by what the server has said.
    /// - Throws: code ``DFSError/Code/dataLoss`` where the disk gives other bytes than were written.
    func read(_ range: Range<Int>, upTo count: Int, into buffer: inout ByteBuffer) throws(DFSError) -> UInt32 {
        let first = range.lowerBound / blockSize
        let last = min((range.upperBound - 1) / blockSize, first + max(1, count / blockSize) - 1)
        let whole = bytes(of: first).lowerBound..<bytes(of: last).upperBound
        buffer.clear()
        let got = try file.read(upTo: whole.count, at: Int64(whole.lowerBound), into: &buffer)
        guard got == whole.count else {
            throw DFSError(
                .dataLoss, "the file of chunk \(chunkID) ends at byte \(whole.lowerBound + got) of \(length)",
                advice: .tryOtherReplica)
        }
        var sum = CRC32C.Pieces()
        for block in first...last {
            let blockBytes = bytes(of: block)
            let wanted = blockBytes.clamped(to: range)
            guard Self.sum(of: buffer, blockBytes, from: whole.lowerBound) == checksums[block] else {
                throw DFSError(
                    .dataLoss,
                    "chunk \(chunkID) is damaged between bytes \(blockBytes.lowerBound) and \(blockBytes.upperBound)",
                    advice: .tryOtherReplica)
            }
            sum.append(
                wanted == blockBytes ? checksums[block] : Self.sum(of: buffer, wanted, from: whole.lowerBound),
                byteCount: UInt64(wanted.count))
        }
        let wanted = whole.clamped(to: range)
        buffer.moveReaderIndex(forwardBy: wanted.lowerBound - whole.lowerBound)
        buffer.moveWriterIndex(to: buffer.readerIndex + wanted.count)
        return sum.value
    }

    private static func sum(of buffer: ByteBuffer, _ range: Range<Int>, from start: Int) -> UInt32 {
        var crc = CRC32C()
        crc.update(buffer, from: range.lowerBound - start, count: range.count)
        return crc.value
    }
}
