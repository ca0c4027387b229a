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

    /// What a failed read says of the chunk: a server that was reached and refused before the first byte has no such
    /// chunk; anything else says nothing.
    func finding(after error: any Error) -> Finding {
        guard digest.length == 0, let error = error as? DFSError else { return .unreachable }
        switch error.code {
        case .notFound, .internal, .invalidArgument, .outOfRange, .failedPrecondition: return .absent
        case .alreadyExists, .unavailable, .resourceExhausted, .dataLoss, .permissionDenied, .deadlineExceeded,
            .cancelled, .unimplemented:
            return .unreachable
        }
    }
}
