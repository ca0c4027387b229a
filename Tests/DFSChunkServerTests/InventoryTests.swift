import DFSCore
import DFSFiles
import DFSServices
import DFSWire
import Foundation
import NIOCore
import RPC
import Synchronization
import Testing

@testable import DFSChunkServer
@testable import DFSSimulation

/// Heartbeats to a master that takes differences.
@Suite struct InventoryTests {
    /// What makes an upload one of our clients': it completes its file itself.
    private func ours(_ byteCount: Int) -> Metadata { [CallMetadata.length: "\(byteCount)"] }

    @Test func aSessionBeginsWithAFullReportAndGoesOnWithDifferences() async throws {
        let master = try await TestMaster(isSwift: true, takesDifferences: true, group: testGroup)
        // With an interval of an hour, only changes bring heartbeats.
        try await withServer(masterPort: master.port, interval: .seconds(3600)) { server in
            let first = await master.inventory { $0.begins }
            #expect(first?.serverAddress == "127.0.0.1:\(server.port)" && first?.nodeID.utf8.count == 32)
            #expect(first?.count == 0 && first?.isPartial == false)
            try await server.upload("f_0", content(1000))
            let change = await master.inventory { !$0.added.isEmpty }
            let crc = CRC32C.of(content(1000))
            #expect(change?.begins == false)
            #expect(change?.added == [HeldChunk(chunkID: "f_0", isVerified: true, length: 1000, crc32c: crc)])
            master.answer(
                InventoryResponse(deleteTasks: [DeleteTask(chunkID: "f_0")], isAnswer: true))
            try await server.upload("f_1", content(10))
            await master.inventory { $0.removed == ["f_0"] }
            #expect(master.told.chunks == ["f_1"] && master.told.wrongDigests == 0)
            let lists = master.events.all.contains { if case .heartbeat = $0 { true } else { false } }
            #expect(!lists, "one kind of heartbeat is enough")
        }
        await master.stop()
    }

    @Test func withoutChangesAHeartbeatIsEmpty() async throws {
        let master = try await TestMaster(isSwift: true, takesDifferences: true, group: testGroup)
        try await withServer(masterPort: master.port) { server in
            try await server.upload("f_0", content(1000))
            await master.inventory { $0.count == 1 }
            let count = master.events.all.count
            let next = await master.inventory(after: count) { _ in true }
            #expect(next?.added == [] && next?.changed == [] && next?.removed == [] && next?.count == 1)
            #expect(next?.begins == false)
        }
        await master.stop()
    }

    @Test func manyChunksAreReportedAPageAtATime() async throws {
        let folder = NSTemporaryDirectory() + "dfs-inventory-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let count = InventoryStream.pageCount + 1
        for number in 0..<count {
            #expect(FileManager.default.createFile(atPath: "\(folder)/f_\(number)", contents: Data([1])))
        }
        let master = try await TestMaster(isSwift: true, takesDifferences: true, group: testGroup)
        try await withServer(masterPort: master.port, folder: folder) { _ in
            await master.inventory { !$0.isPartial && $0.count == UInt64(count) }
            let pages = master.events.all.compactMap { event -> InventoryRequest? in
                if case .inventory(let request) = event { request } else { nil }
            }
            #expect(pages.prefix(2).map(\.added.count) == [InventoryStream.pageCount, 1])
            #expect(pages.prefix(2).map(\.begins) == [true, false])
            #expect(pages.prefix(2).map(\.isPartial) == [true, false])
            #expect(master.told.chunks.count == count && master.told.wrongDigests == 0)
            // What is read after the start is told as a change, and leaves the digest as it is.
            await master.inventory {
                $0.changed.contains { $0.isVerified && $0.length == 1 } || $0.added.contains(where: \.isVerified)
            }
            #expect(master.told.wrongDigests == 0)
            // Nobody has said here what the files of another node must hold.
            await master.inventory {
                ($0.changed + $0.added).contains { $0.isVerified }
                    && ($0.changed + $0.added).allSatisfy { $0.isVerified == $0.isAdopted }
            }
        }
        await master.stop()
    }

    @Test func aMasterThatIsNotContentIsToldAllAgain() async throws {
        let master = try await TestMaster(isSwift: true, takesDifferences: true, group: testGroup)
        try await withServer(masterPort: master.port) { server in
            try await server.upload("f_0", content(1000))
            await master.inventory { $0.count == 1 }
            master.answer(InventoryResponse(isAnswer: true, wantsFullReport: true))
            let count = master.events.all.count
            let again = await master.inventory(after: count) { $0.begins }
            #expect(again?.added.map(\.chunkID) == ["f_0"])
            // But not again and again.
            master.answer(InventoryResponse(isAnswer: true, wantsFullReport: true))
            let next = master.events.all.count
            for number in 0..<5 { await master.inventory(after: next + number) { !$0.begins } }
            let repeated = master.events.all.dropFirst(next).contains {
                if case .inventory(let request) = $0 { request.begins } else { false }
            }
            #expect(!repeated)
        }
        await master.stop()
    }

    @Test func aMasterThatComesLaterIsToldAll() async throws {
        let first = try await TestMaster(isSwift: true, takesDifferences: true, group: testGroup)
        try await withServer(masterPort: first.port) { server in
            try await server.upload("f_0", content(1000))
            await first.inventory { $0.count == 1 }
            await first.stop()
            try await server.upload("f_1", content(10), metadata: ours(10))
            let second = try await TestMaster(
                isSwift: true, takesDifferences: true, port: first.port, group: testGroup)
            let report = await second.inventory { $0.begins }
            #expect(report?.added.map(\.chunkID).sorted() == ["f_0", "f_1"])
            await second.stop()
            // One of an older version, after a roll-back, is sent lists.
            let third = try await TestMaster(isSwift: true, port: first.port, group: testGroup)
            await third.heartbeat(listing: ["f_0", "f_1"])
            await third.stop()
        }
    }

    @Test func anUnwantedCopyIsReadAgainAndGoesToQuarantine() async throws {
        let master = try await TestMaster(isSwift: true, takesDifferences: true, group: testGroup)
        try await withServer(masterPort: master.port) { server in
            try await server.upload("f_0", content(1000))
            await master.inventory { $0.count == 1 }
            master.refuse(["f_0"])
            master.answer(InventoryResponse(isAnswer: true, unwantedChunks: ["f_0", "never-told_0"]))
            await master.inventory { $0.removed == ["f_0"] }
            await expect(.notFound) { _ = try await server.download("f_0") }
        }
        await master.stop()
    }

    /// The master says only once that it does not want it, and then waits for a good copy, which it keeps out.
    @Test func anUnwantedCopyGoesThoughThatFailsAtFirst() async throws {
        let master = try await TestMaster(isSwift: true, takesDifferences: true, group: testGroup)
        let failures = Mutex(0)
        let files = WatchedFiles(PosixFileSystem()) { call, path throws(DFSError) in
            guard call == .makeFolder, path.contains("/quarantine/") else { return }
            let isFirst = failures.withLock { count in
                count += 1
                return count == 1
            }
            if isFirst { throw DFSError(.internal, "input/output error") }
        }
        try await withServer(masterPort: master.port, files: files) { server in
            try await server.upload("f_0", content(1000))
            await master.inventory { $0.count == 1 }
            master.refuse(["f_0"])
            master.answer(InventoryResponse(isAnswer: true, unwantedChunks: ["f_0"]))
            await master.inventory { $0.removed == ["f_0"] }
            #expect(failures.withLock { $0 } == 2)
        }
        await master.stop()
    }

    @Test func aServerThatStopsEndsTheStreamInOrder() async throws {
        let master = try await TestMaster(isSwift: true, takesDifferences: true, group: testGroup)
        try await withServer(masterPort: master.port) { _ in await master.inventory { $0.begins } }
        await master.events.first { $0 == .heartbeatsEnded }
        await master.stop()
    }
}
