import DFSCore
import DFSFiles
import DFSSimulation
import NIOCore
import Testing

@testable import DFSChunkStore

/// Chunk contents that differ in every 1,000 bytes and by `seed`.
func content(_ count: Int, seed: Int = 1) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 / 1000) &* 31 &+ $0 &+ seed &* 7) }
}

func id(_ text: String) throws -> ChunkID { try ChunkID(text) }

func openStore(
    on disk: any FileSystem, root: String = "/data", keep: Duration = .seconds(3600),
    second: @escaping @Sendable () -> Int64 = { 1_000_000 }
) throws -> ChunkStore {
    var settings = ChunkStore.Settings()
    settings.quarantineKeep = keep
    return try ChunkStore(root: root, files: disk, settings: settings, wallClock: second, newNodeID: "node-1")
}

/// Uploads `bytes` in pieces of 1,000 bytes, as one step.
@discardableResult
func put(
    _ store: ChunkStore, _ name: String, _ bytes: [UInt8], expecting expected: ExpectedContent = ExpectedContent()
) throws -> ContentDigest {
    let upload = try store.beginUpload(of: id(name), expecting: expected)
    do {
        for start in stride(from: 0, to: bytes.count, by: 1000) {
            let part = ByteBuffer(bytes: bytes[start..<min(bytes.count, start + 1000)])
            try upload.append([UploadPiece(segments: [part], checksum: 0)])
        }
    } catch {
        upload.abandon()
        throw error
    }
    return try upload.commit()
}

func read(_ store: ChunkStore, _ name: String) throws -> [UInt8] {
    let reader = try store.openChunk(id(name))
    if reader.stored.length == 0 { return [] }
    return try Array(reader.read(at: 0, count: Int(reader.stored.length), comparing: true).bytes.readableBytesView)
}

/// Reads the chunk from the disk and compares it with its checksums.
func check(_ store: ChunkStore, _ name: String) throws -> CheckFinding {
    guard let check = try store.beginCheck(id(name)) else { return .gone }
    while try check.scan.step() > 0 {}
    return store.conclude(check)
}

extension SimulatedDisk {
    /// A bit of this byte turns round.
    func rot(_ path: String, at offset: Int) throws {
        let file = try open(path, .reading)
        let byte = try file.read(upTo: 1, at: Int64(offset)).readableBytesView
        try file.write([ByteBuffer(bytes: byte.map { $0 ^ 0x10 })], at: Int64(offset))
    }
}

func code(_ body: () throws -> Void) -> DFSError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? DFSError)?.code
    }
}
