import DFSCore
import Glibc
import Testing

@testable import DFSFiles

/// What each number of the operating system means to a caller.
@Suite struct SystemErrorTests {
    private static let table: [(Int32, DFSError.Code, DFSError.Advice)] = [
        (ENOENT, .notFound, .giveUp),
        (EEXIST, .alreadyExists, .giveUp), (ENOTEMPTY, .alreadyExists, .giveUp),
        (ENOSPC, .resourceExhausted, .giveUp), (EDQUOT, .resourceExhausted, .giveUp),
        (EMFILE, .unavailable, .retrySamePeer), (ENFILE, .unavailable, .retrySamePeer),
        (ENOMEM, .unavailable, .retrySamePeer), (EFBIG, .invalidArgument, .giveUp),
        (EACCES, .permissionDenied, .giveUp), (EPERM, .permissionDenied, .giveUp),
        (EROFS, .permissionDenied, .giveUp),
        (EIO, .dataLoss, .tryOtherReplica), (ENODATA, .dataLoss, .tryOtherReplica),
        (EREMOTEIO, .dataLoss, .tryOtherReplica), (EILSEQ, .dataLoss, .tryOtherReplica),
        (EUCLEAN, .dataLoss, .tryOtherReplica), (EBADMSG, .dataLoss, .tryOtherReplica),
        (ETIMEDOUT, .unavailable, .tryOtherReplica), (ENOLINK, .unavailable, .tryOtherReplica),
        (ETIME, .unavailable, .tryOtherReplica), (ENODEV, .unavailable, .tryOtherReplica),
        (ENXIO, .unavailable, .tryOtherReplica),
        (EISDIR, .invalidArgument, .giveUp), (ENOTDIR, .invalidArgument, .giveUp),
        (ENAMETOOLONG, .invalidArgument, .giveUp), (ELOOP, .invalidArgument, .giveUp),
        (EINVAL, .invalidArgument, .giveUp),
        (EBUSY, .unavailable, .retrySamePeer), (EAGAIN, .unavailable, .retrySamePeer),
        (EBADF, .internal, .giveUp),
    ]

    @Test func everyNumberHasItsMeaning() {
        for (number, code, advice) in Self.table {
            let error = SystemError.error(number, cannot: "read", "/data/f_0")
            #expect(error.code == code, "\(error)")
            #expect(error.advice == advice, "\(error)")
            #expect(error.message.hasPrefix("cannot read /data/f_0: "))
        }
    }
}
