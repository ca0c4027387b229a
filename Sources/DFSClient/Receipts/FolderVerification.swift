import DFSCore
import DFSFiles

/// Compares receipts with the folders of chunk servers, without a cluster: for disks that were taken out, and for proofs that
/// trust no server's word.
///
/// A running server may delete a chunk meanwhile, or have it in quarantine; both look as if it were not there.
public struct FolderVerification: Sendable {
    /// Bytes read at a time.
    private static let step = 1 << 20

    private let folders: [String]
    private let files: any FileSystem

    /// - Parameter folders: what `dfs-chunkserver -dir` was given.
    public init(folders: [String]) { self.init(folders: folders, files: PosixFileSystem()) }

    package init(folders: [String], files: any FileSystem) {
        self.folders = folders.map { $0.count > 1 && $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        self.files = files
    }

    /// Finds each chunk in at least one of the folders, and no copy that is different in any. Blocks.
    ///
    /// - Returns: what is missing or different; nothing where the receipt is proven.
    /// - Throws: ``DFSError`` where a folder is none.
    public func verify(_ receipt: Receipt, _ check: ReceiptCheck = .full) throws(DFSError) -> [ReceiptProblem] {
        for folder in folders {
            // The `/.` also follows a symbolic link that the folder is named by.
            let kind = try files.status(of: folder)?.kind
            guard try (kind == .symbolicLink ? files.status(of: folder + "/.")?.kind : kind) == .folder else {
                throw DFSError(.notFound, "\(folder) is no folder; name the -dir of a chunk server")
            }
        }
        return receipt.chunks.flatMap { chunk in problems(chunk, receipt, check) }
    }

    private func problems(_ chunk: PutChunk, _ receipt: Receipt, _ check: ReceiptCheck) -> [ReceiptProblem] {
        var problems: [ReceiptProblem] = []
        var copies = 0
        for folder in folders {
            let path = "\(folder)/\(chunk.id)"
            do throws(DFSError) {
                guard try files.status(of: path) != nil else { continue }
                copies += 1
                if let found = try difference(path, chunk, check) {
                    problems.append(
                        ReceiptProblem(.different, receipt.name, chunkID: chunk.id, place: path, found))
                }
            } catch {
                problems.append(
                    ReceiptProblem(.unread, receipt.name, chunkID: chunk.id, place: path, error.message))
            }
        }
        if copies == 0 {
            problems.append(
                ReceiptProblem(
                    .missing, receipt.name, chunkID: chunk.id,
                    "none of these folders has it: \(folders.joined(separator: ", "))"))
        }
        return problems
    }

    /// In words; `nil` for a copy that is as the receipt says.
    private func difference(_ path: String, _ chunk: PutChunk, _ check: ReceiptCheck) throws(DFSError) -> String? {
        let file = try files.open(path, .reading)
        let size = try file.size()
        guard size == chunk.length else { return "it has \(size) bytes, the receipt \(chunk.length)" }
        if case .quick = check { return nil }
        var crc = CRC32C()
        var length = 0
        while true {
            let part = try file.read(upTo: Self.step, at: Int64(length))
            if part.readableBytes == 0 { break }
            crc.update(part)
            length += part.readableBytes
        }
        if (length, crc.value) == (chunk.length, chunk.crc32c) { return nil }
        return "it has \(digest(length, crc.value)), the receipt \(digest(chunk.length, chunk.crc32c))"
    }
}
