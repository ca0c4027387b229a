import DFSCore
import DFSFiles
import DFSMetadata
import DFSServices
import Synchronization

/// What has come so far of a chunk that is read back: its length and checksum, never its bytes.
final class ReadProgress: Sendable {
    private struct Sum {
        var length: UInt64 = 0
        var crc = CRC32C()
    }

    private let sum = Mutex(Sum())

    func take(_ piece: ChunkPiece) {
        sum.withLock { sum in
            sum.length += UInt64(piece.byteCount)
            for buffer in piece.data { sum.crc.update(buffer) }
        }
    }

    var digest: Digest { sum.withLock { Digest(length: $0.length, crc32c: $0.crc.value) } }

    /// What a failed read says of the chunk: a server that says so before the first byte has no such chunk. Anything else says
    /// nothing: one that has no file left to open, or a disk that fails, may hold the only copy.
    func finding(after error: any Error) -> Finding {
        guard digest.length == 0, let error = error as? DFSError else { return .unreachable }
        return error.code == .notFound || error.saysNoFileOfGo ? .absent : .unreachable
    }
}
