import CLinux
import DFSCore
import Glibc

/// An open file as it passes from one process to another, over a Unix socket (unix(7), SCM_RIGHTS). The receiver can do with
/// it what the sender could, whatever the file's mode says, and nothing else.
package enum LentFile {
    /// The longest path that an address of a Unix socket holds, in bytes.
    package static let maxPathLength = 107

    /// Bytes in a token.
    package static let tokenLength = 16

    /// Passes `file` to the other end of `socket`, which stays the caller's. Does not wait; the receiver's file stays open when
    /// this one is closed.
    ///
    /// - Throws: where the other end is gone, or `file` is none of the operating system's.
    package static func send(_ file: any OpenFile, over socket: Int32) throws(DFSError) {
        guard let file = file as? PosixFile else {
            throw DFSError(.unimplemented, "only a file of the operating system can be passed on")
        }
        try systemCall(cannot: "pass on", "a file") { dfs_send_descriptor(socket, file.descriptor) }
    }

    /// Shows `token` at the Unix socket `path`, and takes the file that comes back. Blocks.
    ///
    /// - Parameter seconds: each step may take so long.
    /// - Throws: where nobody listens, or nobody knows the token.
    package static func receive(
        from path: String, showing token: [UInt8], within seconds: Int
    ) throws(DFSError) -> any OpenFile {
        let socket = try connect(to: path, seconds: seconds)
        defer { close(socket) }
        let sent = try systemCall(cannot: "write to", path) {
            Glibc.send(socket, token, token.count, Int32(MSG_NOSIGNAL))
        }
        guard sent == token.count else { throw SystemError.error(EIO, cannot: "write to", path) }
        let descriptor = try systemCall(cannot: "get a file from", path) { dfs_receive_descriptor(socket) }
        return try PosixFile(takingOwnershipOf: descriptor, path: "a file from \(path)")
    }

    /// Lets every process of the machine connect to the Unix socket `path`: who gets something there is for its owner to say.
    package static func openSocket(_ path: String) throws(DFSError) {
        try systemCall(cannot: "set the mode of", path) { chmod(path, 0o666) }
    }

    /// Where `path`, which exists, is for a process with another working directory.
    package static func absolutePath(of path: String) throws(DFSError) -> String {
        guard let found = realpath(path, nil) else { throw SystemError.error(errno, cannot: "find", path) }
        defer { free(found) }
        return String(cString: found)
    }

    private static func connect(to path: String, seconds: Int) throws(DFSError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count <= maxPathLength, !bytes.contains(0) else {
            throw DFSError(.invalidArgument, "\(quoted(path)) is no path of a Unix socket")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let socket = try systemCall(cannot: "make a socket for", path) { Glibc.socket(AF_UNIX, type, 0) }
        do {
            var limit = timeval(tv_sec: seconds, tv_usec: 0)
            let size = socklen_t(MemoryLayout<timeval>.size)
            // The limit for sending is that for connecting, too.
            for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
                try systemCall(cannot: "set a limit for", path) {
                    setsockopt(socket, SOL_SOCKET, option, &limit, size)
                }
            }
            let length = socklen_t(MemoryLayout<sockaddr_un>.size)
            try systemCall(cannot: "connect to", path) {
                withUnsafePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket, $0, length) }
                }
            }
            return socket
        } catch {
            close(socket)
            throw error
        }
    }
}
