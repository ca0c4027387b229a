import DFSCore
import DFSFiles

/// A chunk that is being compared with its checksums; see ``ChunkStore/beginCheck(_:)``.
package struct ChunkCheck: Sendable {
    /// Whose.
    package let id: ChunkID
    let stored: ChunkCatalog.Stored
    let file: any OpenFile
    /// To be brought to its end.
    package let scan: ChunkScan
}

/// What a check of a chunk has found.
package enum CheckFinding: Sendable, Equatable {
    /// Its bytes are what its digest says; what is named was not, and has been written anew.
    case sound(ContentDigest, mended: [String])
    /// Nothing said what the bytes must be, or only something that was wrong itself: this is what they are, and what is
    /// kept from now on. The master has yet to hear of it.
    case digestFound(ContentDigest, mended: [String])
    /// Its bytes are others: those of these blocks, where that can be told.
    case damaged(blocks: [Int])
    /// The chunk is not here any more.
    case gone
}

extension ChunkStore {
    /// Begins to compare a chunk with its checksums, on the disk itself where that can be read past the page cache.
    ///
    /// - Parameter isSuspect: whether somebody has read wrong bytes: then what the page cache has of the chunk is dropped, since
    ///   it may be that alone which is wrong.
    /// - Returns: `nil` when there is no such chunk.
    /// - Throws: code ``DFSError/Code/dataLoss`` where the disk does not give the file back.
    package func beginCheck(_ id: ChunkID, isSuspect: Bool = false) throws(DFSError) -> ChunkCheck? {
        guard let stored = state.withLock({ $0.catalog.stored(id) }) else { return nil }
        do {
            let file = try files.open(layout.chunk(id), .reading)
            if isSuspect { file.forgetCached() }
            return ChunkCheck(id: id, stored: stored, file: file, scan: ChunkScan(file, pastCache: true))
        } catch  where error.code == .notFound {
            forget(id)
            return nil
        }
    }

    /// Says what a check has found once its scan is at the end, and mends what it can: of bytes, table and attribute any
    /// two that agree speak against the third.
    ///
    /// What cannot be mended stays as it is: a disk that fails there says nothing against the bytes.
    package func conclude(_ check: ChunkCheck) -> CheckFinding {
        let (id, found) = (check.id, check.scan.checksums)
        // It may have been deleted meanwhile, and a file of that name be another one's.
        guard state.withLock({ $0.catalog.stored(id) }) == check.stored else { return .gone }
        let digest = found.digest
        let table = keptTable(of: id, length: found.length)
        guard found.length == check.stored.length else { return .damaged(blocks: []) }
        guard let known = check.stored.digest else {
            if let table, table != found { return .damaged(blocks: found.blocks(unlike: table)) }
            return .digestFound(digest, mended: adopt(found, for: check))
        }
        if digest == known {
            return .sound(digest, mended: mend(check, found, isAdopted: check.stored.isAdopted, table))
        }
        // The digest was read off the attribute, at the start.
        if let table, table == found { return .digestFound(digest, mended: adopt(found, for: check)) }
        guard let table, table.digest == known else { return .damaged(blocks: []) }
        return .damaged(blocks: found.blocks(unlike: table))
    }

    /// Takes a chunk's bytes for right and its digest for wrong, since somebody who knows them may say so. Blocks while the
    /// chunk is read.
    ///
    /// - Returns: the digest of the bytes; `nil` where the chunk has gone.
    package func believeBytes(of id: ChunkID) throws(DFSError) -> ContentDigest? {
        guard let check = try beginCheck(id) else { return nil }
        while try check.scan.step() > 0 {}
        let found = check.scan.checksums
        guard found.length == check.stored.length else { return nil }
        _ = adopt(found, for: check)
        return found.digest
    }

    /// Keeps the digest of the bytes. Where none was kept, the file may be one that was not written here.
    private func adopt(_ found: BlockChecksums, for check: ChunkCheck) -> [String] {
        let isAdopted = check.stored.digest == nil || check.stored.isAdopted
        let isThere = state.withLock { state in
            guard state.catalog.stored(check.id) == check.stored else { return false }
            state.catalog.store(check.id, ChunkCatalog.Stored(found.digest, isAdopted: isAdopted))
            return true
        }
        return isThere ? mend(check, found, isAdopted: isAdopted, keptTable(of: check.id, length: found.length)) : []
    }

    /// How a table is called that was not there: that of a chunk of an older version or a Go node, or of the time before a
    /// power loss.
    package static let missingTable = "missing table"

    /// Writes what is kept beside the bytes anew, where it is wrong; says what that was.
    private func mend(
        _ check: ChunkCheck, _ found: BlockChecksums, isAdopted: Bool, _ table: BlockChecksums?
    ) -> [String] {
        var mended: [String] = []
        let text = DigestAttribute.text(of: found.digest, isAdopted: isAdopted)
        if (try? check.file.attribute(DigestAttribute.name)) != text {
            // Only a saving for the next start: a folder that may be read and not written is served all the same.
            if (try? check.file.setAttribute(DigestAttribute.name, to: text)) == true {
                try? check.file.sync()
                mended.append("attribute")
            }
        }
        if found.length > BlockChecksums.wholeBlockSize, table != found {
            let isThere = (try? files.status(of: layout.table(check.id))) != nil
            keepTable(found, of: check.id)
            mended.append(isThere ? "table" : Self.missingTable)
        }
        return mended
    }
}
