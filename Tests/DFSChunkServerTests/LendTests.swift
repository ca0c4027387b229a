import DFSCore
import DFSFiles
import DFSServices
import DFSWire
import Foundation
import NIOCore
import RPC
import Testing

@testable import DFSChunkServer

/// Files of chunks for readers on the same machine.
@Suite(.timeLimit(.minutes(2))) struct LendTests {
    private static let size = 3_000_000

    private func lend(_ id: String, _ server: ServerUnderTest) async throws -> LendResponse {
        try await server.peer.unary(Methods.lendReplica, LendRequest(chunkID: id))
    }

    private func code(_ body: () async throws -> Void) async -> DFSError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? DFSError)?.code
        }
    }

    @Test func aTokenBringsTheFileOnce() async throws {
        let bytes = content(Self.size)
        try await withServer { server in
            try await server.upload("f_0", bytes)
            let lent = try await lend("f_0", server)
            #expect(lent.length == UInt64(Self.size) && lent.blockSize == 65_536)
            let sums = stride(from: 0, to: Self.size, by: 65_536).map {
                CRC32C.of(bytes[$0..<min(Self.size, $0 + 65_536)])
            }
            let expected = sums.flatMap { sum in (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) } }
            #expect(lent.checksums == expected)
            #expect(lent.socketPath.hasPrefix("/"))
            let file = try LentFile.receive(from: lent.socketPath, showing: lent.token, within: 5)
            #expect(try Array(file.read(upTo: Self.size + 1, at: 0).readableBytesView) == bytes)
            #expect(throws: DFSError.self) {
                try LentFile.receive(from: lent.socketPath, showing: lent.token, within: 5)
            }
        }
    }

    @Test func nobodyElseGetsAFile() async throws {
        try await withServer { server in
            try await server.upload("f_0", content(10))
            let lent = try await lend("f_0", server)
            for wrong in [lent.token.map { ~$0 }, lent.token + [0], Array(repeating: 0, count: 16)] {
                #expect(throws: DFSError.self) {
                    try LentFile.receive(from: lent.socketPath, showing: wrong, within: 5)
                }
            }
            _ = try LentFile.receive(from: lent.socketPath, showing: lent.token, within: 5)
        }
    }

    @Test func whatIsNotThereIsNotLent() async throws {
        try await withServer { server in
            #expect(await code { _ = try await lend("f_0", server) } == .notFound)
            #expect(await code { _ = try await lend("../f", server) } == .invalidArgument)
        }
        try await withServer(change: { $0.lendsFiles = false }) { server in
            try await server.upload("f_0", content(10))
            #expect(await code { _ = try await lend("f_0", server) } == .failedPrecondition)
        }
    }

    /// A folder whose path is too long for a socket: everything else works.
    @Test func aServerWithoutASocketStarts() async throws {
        let folder = NSTemporaryDirectory() + String(repeating: "x", count: 100)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await withServer(folder: folder) { server in
            try await server.upload("f_0", content(10))
            #expect(await code { _ = try await lend("f_0", server) } == .failedPrecondition)
            #expect(try await server.download("f_0").bytes == content(10))
        }
    }

    @Test func filesWaitForAShortTimeAndInABoundedNumber() async throws {
        let folder = NSTemporaryDirectory() + "dfs-lend-" + UUID().uuidString
        let files = PosixFileSystem()
        try files.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = try files.open(folder + "/f", .creating)
        let (lent, start) = (LentFiles(), ContinuousClock.now)
        let tokens = (0..<LentFiles.maxCount).compactMap { _ in lent.lend(file, at: start) }
        #expect(Set(tokens).count == LentFiles.maxCount)
        #expect(lent.lend(file, at: start) == nil)
        #expect(lent.fetch(tokens[0], at: start + .seconds(9)) != nil)
        #expect(lent.fetch(tokens[0], at: start + .seconds(9)) == nil)
        #expect(lent.lend(file, at: start + .seconds(9)) != nil)
        #expect(lent.fetch(tokens[1], at: start + .seconds(10)) == nil)
        // The expired ones make room.
        #expect(lent.lend(file, at: start + .seconds(10)) != nil)
        #expect(lent.fetchedCount == 1)
        lent.dropExpired(at: start + .seconds(60))
        #expect((0..<LentFiles.maxCount).allSatisfy { _ in lent.lend(file, at: start + .seconds(60)) != nil })
    }
}
