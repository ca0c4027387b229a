import DFSCore
import Glibc

extension PosixFileSystem {
    package func list(folder path: String) throws(DFSError) -> FolderList {
        guard let folder = opendir(path) else { throw SystemError.error(errno, cannot: "read the folder", path) }
        defer { closedir(folder) }
        var list = FolderList()
        while true {
            // The end and a failure look the same but for errno.
            errno = 0
            guard let entry = readdir(folder) else {
                if errno != 0 { throw SystemError.error(errno, cannot: "read the folder", path) }
                return list
            }
            withUnsafeBytes(of: &entry.pointee.d_name) { room in
                let bytes = room.prefix { $0 != 0 }
                guard let name = String(validating: bytes, as: UTF8.self) else {
                    list.unusableNames.append(String(decoding: bytes, as: UTF8.self))
                    return
                }
                if name != ".", name != ".." { list.names.append(name) }
            }
        }
    }

    package func makeFolder(_ path: String) throws(DFSError) {
        do {
            try makeOneFolder(path)
        } catch  where error.code == .alreadyExists {
            var status = stat()
            try systemCall(cannot: "look at", path) { stat(path, &status) }
            if status.st_mode & S_IFMT != S_IFDIR {
                throw SystemError.error(ENOTDIR, cannot: "make the folder", path)
            }
        } catch  where error.code == .notFound {
            guard let parent = path.parentPath, parent != path else { throw error }
            try makeFolder(parent)
            try makeOneFolder(path)
        }
    }

    private func makeOneFolder(_ path: String) throws(DFSError) {
        try systemCall(cannot: "make the folder", path) { mkdir(path, 0o755) }
        // A parent that may be written and not read cannot be synced; the folder is there all the same.
        do {
            try syncFolder(path.parentPath ?? ".")
        } catch  where error.code == .permissionDenied {}
    }

    package func removeFolder(_ path: String) throws(DFSError) {
        try systemCall(cannot: "remove the folder", path) { rmdir(path) }
    }

    package func syncFolder(_ path: String) throws(DFSError) {
        let descriptor = try systemCall(cannot: "open the folder", path) {
            Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        defer { close(descriptor) }
        try systemCall(cannot: "sync the folder", path) { fsync(descriptor) }
    }
}
