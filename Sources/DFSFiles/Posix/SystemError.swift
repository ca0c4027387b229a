import DFSCore
import Glibc

/// Turns `errno` into an error that says what to do: the one place that knows the numbers.
enum SystemError {
    /// - Parameters:
    ///   - number: `errno`, read right after the call that failed.
    ///   - action: what was tried, as in "cannot <action> <path>".
    static func error(_ number: Int32, cannot action: String, _ path: String) -> DFSError {
        let (code, remedy, advice) = meaning(of: number)
        let text = "cannot \(action) \(path): \(describe(number))"
        return DFSError(code, remedy.map { "\(text); \($0)" } ?? text, advice: advice)
    }

    private static func meaning(of number: Int32) -> (DFSError.Code, remedy: String?, DFSError.Advice?) {
        switch number {
        case ENOENT: (.notFound, nil, nil)
        case EEXIST, ENOTEMPTY: (.alreadyExists, nil, nil)
        case ENOSPC, EDQUOT: (.resourceExhausted, "free some space on that file system", nil)
        case EFBIG: (.invalidArgument, "the file is larger than the file system or the process may have", nil)
        // Not for want of room on a disk, which is what the store erases quarantined chunks for.
        case EMFILE, ENFILE: (.unavailable, "raise the limit of open files", .retrySamePeer)
        case ENOMEM: (.unavailable, "the machine is out of memory", .retrySamePeer)
        case EACCES, EPERM: (.permissionDenied, "check owner and mode", nil)
        case EROFS: (.permissionDenied, "the file system is mounted read-only", nil)
        // Not EIO alone: what reads past the page cache get of an unreadable sector is ENODATA, as the kernel's table of block
        // errors has it (block/blk-core.c), and broken metadata of a file system is EUCLEAN or EBADMSG.
        case EIO, ENODATA, EREMOTEIO, EILSEQ, EUCLEAN, EBADMSG:
            (.dataLoss, "the disk failed; check the kernel log", .tryOtherReplica)
        // These say nothing of the bytes, but of the way to them or of the whole disk.
        case ETIMEDOUT, ENOLINK, ETIME, ENODEV, ENXIO:
            (.unavailable, "the disk does not answer; check the kernel log", .tryOtherReplica)
        case EISDIR: (.invalidArgument, "a file is needed, this is a folder", nil)
        case ENOTDIR: (.invalidArgument, "a folder is needed", nil)
        case ENAMETOOLONG, ELOOP, EINVAL: (.invalidArgument, nil, nil)
        case EBUSY, EAGAIN, ETXTBSY: (.unavailable, nil, .retrySamePeer)
        default: (.internal, nil, nil)
        }
    }

    /// The kernel's words for `number`, in lower case as Go prints them.
    private static func describe(_ number: Int32) -> String {
        guard let text = strerror(number) else { return "error \(number)" }
        let words = String(cString: text)
        return words.prefix(1).lowercased() + words.dropFirst()
    }
}

/// Runs a system call, again after each interruption by a signal, and throws what `errno` means.
@discardableResult
func systemCall<Result: FixedWidthInteger & SignedInteger>(
    cannot action: @autoclosure () -> String, _ path: String, _ call: () -> Result
) throws(DFSError) -> Result {
    while true {
        let result = call()
        if result >= 0 { return result }
        let number = errno
        if number != EINTR { throw SystemError.error(number, cannot: action(), path) }
    }
}
