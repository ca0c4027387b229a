import DFSCore
import DFSFiles
import DFSWire
import Foundation
import Synchronization
import Testing

@testable import DFSClient

@Suite struct TreeTransferTests {
    private struct Walk: TreeWalk {
        var lengths: [Int]

        mutating func next() async throws -> TreeStep? {
            lengths.isEmpty ? nil : .file("f", length: lengths.removeFirst())
        }

        mutating func skipFolder() {}
    }

    /// Files that are on their way, and those that wait until enough are.
    private final class Gate: Sendable {
        private struct State {
            var running = 0
            var most = 0
            var waiters: [CheckedContinuation<Void, Never>] = []
        }

        private let wanted: Int
        private let state = Mutex(State())

        init(wanted: Int) { self.wanted = wanted }

        var most: Int { state.withLock { $0.most } }

        /// Returns when so many as are wanted have come; from then on at once.
        func pass() async {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state in
                    state.running += 1
                    state.most = max(state.most, state.running)
                    state.waiters.append(continuation)
                    guard state.most >= wanted else { return [CheckedContinuation<Void, Never>]() }
                    defer { state.waiters = [] }
                    return state.waiters
                }
                for waiter in ready { waiter.resume() }
            }
            leave()
        }

        private func leave() { state.withLock { $0.running -= 1 } }
    }

    /// Files of each length in MiB, and how many of them are on their way at once: no fewer, or the transfer never ends, and no
    /// more.
    @Test(.timeLimit(.minutes(1)), arguments: [(0, 16), (3, 16), (4, 8), (8, 5), (12, 4), (1000, 4)])
    func filesTakePlacesByTheirLength(mebibytes: Int, atOnce: Int) async throws {
        let gate = Gate(wanted: atOnce)
        let transfer = TreeTransfer(filesInFlight: 16, makeFolder: { _ in }) { _ in
            await gate.pass()
            return mebibytes << 20
        }
        let lengths = [Int](repeating: mebibytes << 20, count: 3 * atOnce)
        let result = try await transfer.run(Walk(lengths: lengths)) { _ in }
        #expect(result.fileCount == 3 * atOnce)
        #expect(gate.most == atOnce)
    }

    /// The names of a folder's files are synced together; when the get returns they are.
    @Test(.timeLimit(.minutes(1))) func whatAGetOfAFolderBroughtOutlivesAPowerCut() async throws {
        try await TestCluster.run { cluster in
            let names = ["a", "b", "c"]
            var contents: [String: [UInt8]] = [:]
            for name in names {
                contents[name] = try cluster.makeFile(name, 1000)
                try await cluster.client.put(name, as: "t/\(name)")
            }
            cluster.master.state.withLock { state in
                state.folders = [
                    "": [DFSWire.FileStatus(name: "t", isFolder: true)],
                    "t": names.map { DFSWire.FileStatus(name: $0, length: 1000) },
                ]
            }
            let result = try await cluster.client.getTree("t", into: "out")
            #expect(result.fileCount == 3)
            cluster.disk.restart()
            for name in names { #expect(cluster.disk.contents(of: "out/t/\(name)") == contents[name]) }
        }
    }

    @Test(.timeLimit(.minutes(1))) func aLargeFileMovesWhereThereIsOnePlace() async throws {
        let transfer = TreeTransfer(filesInFlight: 1, makeFolder: { _ in }) { _ in 1 << 30 }
        let result = try await transfer.run(Walk(lengths: [1 << 30, 1 << 30, 1])) { _ in }
        #expect(result.fileCount == 3)
    }

    /// Shown by the second one, which is not there.
    @Test func foldersThatOnlyLookAlikeAreBothSynced() throws {
        let files = PosixFileSystem()
        let folder = "\(NSTemporaryDirectory())/dfs-client-\(UUID().uuidString)"
        try files.makeFolder("\(folder)/caf\u{E9}")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let syncs = FolderSyncs(files)
        try syncs.note("\(folder)/caf\u{E9}")
        try syncs.syncAll()
        for name in ["caf\u{E9}", "cafe\u{301}"] { try syncs.note("\(folder)/\(name)") }
        let error = #expect(throws: DFSError.self) { try syncs.syncAll() }
        #expect(error?.code == .notFound)
    }

    @Test func onlyTemporaryFilesOfOurOwnAreLeftovers() {
        let (number, other) = (String(repeating: "0f", count: 8), String(repeating: "a9", count: 8))
        for name in [".dfs-get-\(number)", ".dfs-get-\(number)-\(other).partial"] {
            #expect(PartialFile.isLeftover(name), "\(name)")
            for text in [name + "0", "x" + name, String(name.dropLast()), name.uppercased()] {
                #expect(!PartialFile.isLeftover(text), "\(text)")
            }
        }
        for name in [".dfs-get-", ".dfs-get-\(number).partial", ".dfs-get-\(number)-\(other)", ".dfs-get-notes"] {
            #expect(!PartialFile.isLeftover(name), "\(name)")
        }
    }

    /// Files that were moved before, or while, the others were stopped are told.
    @Test(.timeLimit(.minutes(1))) func aTransferThatIsStoppedTellsWhatWasMoved() async throws {
        let moved = Mutex(0)
        let transfer = TreeTransfer(filesInFlight: 2, makeFolder: { _ in }) { _ in
            let count = moved.withLock { count in
                count += 1
                return count
            }
            // Whole in the moment in which the transfer is stopped.
            if count > 3 { try? await standStill() }
            return 1
        }
        let told = Mutex(0)
        let run = Task {
            try await transfer.run(Walk(lengths: [Int](repeating: 1, count: 8))) { event in
                if case .moved = event { told.withLock { $0 += 1 } }
            }
        }
        while moved.withLock({ $0 }) < 5 { try await Task.sleep(for: .milliseconds(1)) }
        run.cancel()
        await #expect(throws: CancellationError.self) { try await run.value }
        // The two, and the one whose turn had come.
        #expect(told.withLock { $0 } == 6)
    }
}
