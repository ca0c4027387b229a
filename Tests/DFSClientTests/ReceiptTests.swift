import DFSClient
import DFSCore
import DFSFiles
import DFSSimulation
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(2))) struct ReceiptTests {
    private static let path = "kept/receipts"

    private func log(_ disk: SimulatedDisk) throws -> ReceiptLog {
        try disk.makeFolder("kept")
        return try ReceiptLog(Self.path, files: disk)
    }

    /// Puts a file of three chunks, with its receipt in ``path``.
    private func put(_ cluster: TestCluster, _ name: String = "f") async throws -> PutResult {
        _ = try cluster.makeFile("in", 600_000)
        let log = try log(cluster.disk)
        return try await cluster.client.put("in", as: name, options: PutOptions(receipts: log))
    }

    private func lines(_ disk: SimulatedDisk) async throws -> [Result<Receipt, DFSError>] {
        var lines: [Result<Receipt, DFSError>] = []
        try await ReceiptFile(Self.path, files: disk).forEach { lines.append($1) }
        return lines
    }

    // MARK: The line

    @Test func receiptTellsWhatThePutWasTold() async throws {
        try await TestCluster.run { cluster in
            let result = try await put(cluster, "a \"b\"/c")
            let receipt = try #require(try await lines(cluster.disk).first).get()
            #expect(receipt == result.receipt)
            #expect(receipt.name == "a \"b\"/c" && receipt.length == 600_000 && receipt.chunks.count == 3)
            #expect(receipt.crc32c == result.crc32c && receipt.chunks == result.chunks)
            #expect(receipt.storedAt > 1_700_000_000 && receipt.clusterID == "test-cluster")
            #expect(try Receipt(line: receipt.line) == receipt)
        }
    }

    @Test func lineThatIsCutOffAnywhereIsNoReceipt() async throws {
        try await TestCluster.run { cluster in
            let line = try await put(cluster).receipt.line
            for count in 0..<line.utf8.count {
                #expect(throws: DFSError.self) {
                    try Receipt(line: String(decoding: line.utf8.prefix(count), as: UTF8.self))
                }
            }
        }
    }

    @Test func flippedBitNeverChangesWhatTheFileHolds() async throws {
        try await TestCluster.run { cluster in
            let receipt = try await put(cluster).receipt
            let line = Array(receipt.line.utf8)
            for position in line.indices {
                for bit in 0..<8 {
                    var damaged = line
                    damaged[position] ^= 1 << bit
                    guard let text = String(validating: damaged, as: UTF8.self), let read = try? Receipt(line: text)
                    else { continue }
                    #expect(read.length == receipt.length && read.crc32c == receipt.crc32c)
                    #expect(read.chunks.map(\.crc32c) == receipt.chunks.map(\.crc32c))
                }
            }
        }
    }

    @Test func newerFormIsRefusedByName() async throws {
        try await TestCluster.run { cluster in
            let line = try await put(cluster).receipt.line
            let error = await failure {
                _ = try Receipt(line: "{\"receipt\":2" + line.dropFirst("{\"receipt\":1".count))
            }
            #expect(error?.code == .unimplemented && error?.message.contains("form 2") == true)
        }
    }

    // MARK: The file

    @Test func receiptsOutlastACutAndGoOnBehindATornLine() async throws {
        try await TestCluster.run { cluster in
            let first = try await put(cluster, "first").receipt
            cluster.disk.restart()
            #expect(try await lines(cluster.disk).map { try $0.get() } == [first])
            let file = try cluster.disk.open(Self.path, .continuing)
            try file.write([ByteBuffer(string: "{\"receipt\":1,")], at: file.size())
            let second = try await put(cluster, "second").receipt
            let found = try await lines(cluster.disk)
            #expect(found.count == 3)
            #expect(try found[0].get() == first && found[2].get() == second)
            #expect(throws: DFSError.self) { try found[1].get() }
        }
    }

    @Test func fullDiskFailsThePutAndNamesTheReceipt() async throws {
        try await TestCluster.run { cluster in
            _ = try cluster.makeFile("in", 1000)
            let disk = SimulatedDisk()
            let log = try log(disk)
            disk.strike(.fullOnce, atCall: 1)
            let options = PutOptions(receipts: log)
            let error = await failure { try await cluster.client.put("in", as: "f", options: options) }
            #expect(error?.message.contains("f is stored, its receipt is not") == true)
            #expect(try await cluster.client.stat("f").length == 1000)
            #expect(disk.calmDown())
            let next = try await cluster.client.put("in", as: "g", options: options).receipt
            var read: [Receipt] = []
            try await ReceiptFile(Self.path, files: disk).forEach {
                if let receipt = try? $1.get() { read.append(receipt) }
            }
            #expect(read == [next])
        }
    }

    @Test func fileIsOnePutsAtATime() throws {
        let disk = SimulatedDisk()
        let log = try log(disk)
        let error = #expect(throws: DFSError.self) { try ReceiptLog(Self.path, files: disk) }
        #expect(error?.code == .unavailable)
        withExtendedLifetime(log) {}
    }

    // MARK: By the cluster

    @Test(arguments: [ReceiptCheck.quick, .full]) func whatIsThereIsProven(_ check: ReceiptCheck) async throws {
        try await TestCluster.run { cluster in
            let receipt = try await put(cluster).receipt
            #expect(try await cluster.client.verify(receipt, check).isEmpty)
        }
    }

    @Test func damagedCopyIsNamed() async throws {
        try await TestCluster.run { cluster in
            let receipt = try await put(cluster).receipt
            let id = receipt.chunks[1].id
            var bytes = try #require(cluster.servers[1].contents(of: id))
            bytes[7] ^= 1
            cluster.servers[1].replace(id, by: bytes)
            let problems = try await cluster.client.verify(receipt)
            #expect(problems.map(\.kind) == [.different])
            #expect(problems[0].chunkID == id && problems[0].place == cluster.addresses[1])
            #expect(try await cluster.client.verify(receipt, .quick).isEmpty)
        }
    }

    @Test func copyOnADamagedDiskIsNamed() async throws {
        try await TestCluster.run { cluster in
            let receipt = try await put(cluster).receipt
            cluster.servers[0].faults.withLock { $0.brokenDownloads = 1 }
            let problems = try await cluster.client.verify(receipt)
            #expect(problems.map(\.kind) == [.different] && problems[0].place == cluster.addresses[0])
        }
    }

    @Test func fileThatWasReplacedOrIsGoneIsTold() async throws {
        try await TestCluster.run { cluster in
            let receipt = try await put(cluster).receipt
            let earlier = receipt.line.replacing(receipt.chunks[1].id, with: "f.0000000000000000_1")
            #expect(try await cluster.client.verify(Receipt(line: earlier)).map(\.kind) == [.replaced])
            let gone = receipt.line.replacing("\"name\":\"f\"", with: "\"name\":\"g\"")
            #expect(try await cluster.client.verify(Receipt(line: gone)).map(\.kind) == [.noSuchFile])
            let other = receipt.line.replacing("test-cluster", with: "other")
            #expect(try await cluster.client.verify(Receipt(line: other)).map(\.kind) == [.otherCluster])
        }
    }

    // MARK: By folders

    /// Folders as the two servers would have them.
    private func folders(_ cluster: TestCluster, _ receipt: Receipt) throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        for (number, server) in cluster.servers.enumerated() {
            try disk.makeFolder("cs\(number)")
            for chunk in receipt.chunks {
                let file = try disk.open("cs\(number)/\(chunk.id)", .creating)
                try file.write([ByteBuffer(bytes: try #require(server.contents(of: chunk.id)))], at: 0)
            }
        }
        return disk
    }

    @Test func foldersProveWithoutACluster() async throws {
        try await TestCluster.run { cluster in
            let receipt = try await put(cluster).receipt
            let disk = try folders(cluster, receipt)
            let both = FolderVerification(folders: ["cs0", "cs1/"], files: disk)
            #expect(try both.verify(receipt).isEmpty)
            try disk.remove("cs0/\(receipt.chunks[0].id)")
            #expect(try both.verify(receipt).isEmpty)
            try disk.remove("cs1/\(receipt.chunks[0].id)")
            let missing = try both.verify(receipt)
            #expect(missing.map(\.kind) == [.missing] && missing[0].chunkID == receipt.chunks[0].id)
            let last = "cs1/\(receipt.chunks[2].id)"
            try disk.open(last, .continuing).write([ByteBuffer(string: "?")], at: 5)
            #expect(try both.verify(receipt).map(\.place) == [nil, last])
            #expect(try both.verify(receipt, .quick).map(\.kind) == [.missing])
            try disk.open(last, .continuing).write([ByteBuffer(string: "?")], at: Int64(receipt.chunks[2].length))
            #expect(try both.verify(receipt, .quick).map(\.kind) == [.missing, .different])
        }
    }

    @Test func placeThatIsNoFolderIsAnError() throws {
        let receipt = try Receipt(
            line: #"{"receipt":1,"cluster":"","name":"f","length":0,"crc32c":"00000000","storedAt":0,"chunks":[]}"#)
        let verification = FolderVerification(folders: ["nowhere"], files: SimulatedDisk())
        #expect(throws: DFSError.self) { try verification.verify(receipt) }
    }

    /// All servers that had it are gone.
    @Test(arguments: [ReceiptCheck.quick, .full])
    func aChunkThatAGoMasterKnowsOfNoServerIsMissing(_ check: ReceiptCheck) async throws {
        let wish = TestCluster.Wish(isMasterSwift: false, servers: [false, false], chunkSize: 64 << 20)
        try await TestCluster.run(wish) { cluster in
            let receipt = try await put(cluster).receipt
            #expect(try await cluster.client.verify(receipt, check).isEmpty)
            cluster.master.state.withLock { $0.files["f"]?.chunks[0]?.servers = [] }
            let problems = try await cluster.client.verify(receipt, check)
            #expect(problems.map(\.kind) == [.missing] && problems.first?.chunkID == "f_0")
        }
    }
}
