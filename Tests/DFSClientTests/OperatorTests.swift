import DFSClient
import DFSCore
import DFSWire
import Testing

/// What operators read, page by page.
@Suite(.timeLimit(.minutes(1))) struct OperatorTests {
    private static func part(_ path: String, from first: UInt32, _ healthy: UInt32, missing: UInt32 = 0)
        -> DFSWire.CheckedFile
    {
        DFSWire.CheckedFile(
            path: path, length: 9, replication: 2, chunkCount: 5, firstChunk: first, healthyChunks: healthy,
            missingChunks: missing,
            chunks: (0..<healthy + missing).map {
                DFSWire.CheckedChunk(digest: ChunkDigest(chunkID: "\(path)_\(first + $0)"), servers: ["s:1"])
            })
    }

    private func all<Elements: AsyncSequence>(of elements: Elements) async throws -> [Elements.Element] {
        var all: [Elements.Element] = []
        for try await element in elements { all.append(element) }
        return all
    }

    @Test func aFileThatComesInPartsIsOneFile() async throws {
        try await TestCluster.run { cluster in
            let positions = [CheckPosition(parts: ["a"], chunks: 2), CheckPosition(parts: ["a"], chunks: 3)]
            cluster.master.state.withLock {
                $0.checkPages = [
                    CheckFilesResponse(files: [Self.part("d/a", from: 0, 2)], end: positions[0], isStarting: true),
                    CheckFilesResponse(files: [Self.part("d/a", from: 2, 1)], end: positions[1]),
                    CheckFilesResponse(
                        files: [Self.part("d/a", from: 3, 1, missing: 1), Self.part("d/b", from: 0, 5)]),
                ]
            }
            let files = try await all(of: cluster.client.checkFiles("/d/", withChunks: true))
            #expect(files.map(\.path) == ["d/a", "d/b"])
            #expect(files.map(\.state) == [.missing, .healthy])
            #expect(files[0].healthyChunks == 4 && files[0].missingChunks == 1 && files[0].isMasterStarting)
            #expect(files[0].chunks.map(\.index) == [0, 1, 2, 3, 4])
            #expect(files[0].chunks.map(\.id) == (0..<5).map { "d/a_\($0)" })
            let checks = cluster.master.state.withLock { $0.checks }
            #expect(checks.map(\.path) == ["d", "d", "d"] && checks.allSatisfy(\.withChunks))
            #expect(checks.map(\.after) == [nil, positions[0], positions[1]])
        }
    }

    @Test func aPositionThatStandsStillEndsTheCheck() async throws {
        try await TestCluster.run { cluster in
            let page = CheckFilesResponse(files: [Self.part("a", from: 0, 5)], end: CheckPosition(parts: ["a"]))
            cluster.master.state.withLock { $0.checkPages = [page, page, page] }
            let files = try await all(of: cluster.client.checkFiles("/"))
            #expect(files.count == 2)
            #expect(cluster.master.state.withLock { $0.checks.count } == 2)
        }
    }

    @Test func serversComePageByPage() async throws {
        try await TestCluster.run { cluster in
            let status = DFSWire.ServerStatus(address: "a:1", kind: "swift", isAlive: true, freeBytes: .max)
            let other = DFSWire.ServerStatus(address: "b:1", kind: "new", lastHeardAt: 5)
            cluster.master.state.withLock {
                $0.serverPages = [
                    ListServersResponse(servers: [status, other], hasMore: true), ListServersResponse(servers: [other]),
                ]
            }
            let servers = try await all(of: cluster.client.servers())
            #expect(servers.map(\.kind) == [.swift, .unknown, .unknown])
            #expect(servers.map(\.freeBytes) == [.max, 0, 0])
            #expect(cluster.master.state.withLock { $0.serverStarts } == [0, 2])
        }
    }

    @Test func aGoMasterIsNamed() async throws {
        try await TestCluster.run(.init(isMasterSwift: false)) { cluster in
            let check = await failure { for try await _ in cluster.client.checkFiles("/") {} }
            #expect(check?.code == .unimplemented && check?.message.contains("Go master") == true)
            let servers = await failure { for try await _ in cluster.client.servers() {} }
            #expect(servers?.code == .unimplemented)
        }
    }
}
