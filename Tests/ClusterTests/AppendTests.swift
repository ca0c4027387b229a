import DFSClient
import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// Appends over real processes, while those that take them are killed.
    @Suite struct AppendTests {
        private static let setup = Cluster.Setup(chunkServers: 4)

        @Test func twoClientsAppendRecordsWhilePrimariesAreKilled() async throws {
            try await Cluster.run(Self.setup) { cluster in
                let inputs = try (0..<2).map { try cluster.lines(writer: $0, count: 3000) }
                let clients = try inputs.map {
                    try cluster.startClient(["append", "-create", "-records", $0, "log"])
                }
                for round in 0..<4 {
                    guard let primary = try await cluster.primary(of: "log", unless: clients) else { break }
                    try await cluster.killServer(primary)
                    try await Task.sleep(for: .milliseconds(200 * round))
                    try await cluster.startServer(primary)
                }
                for client in clients {
                    let result = try await cluster.finish(client)
                    #expect(result.status == 0, "\(result.stderr)")
                }
                let written = try inputs.map { try String(contentsOfFile: $0, encoding: .utf8) }
                try await cluster.expectRecords(of: "log", written)
                try await cluster.expectEqualReplicas(of: "log")
            }
        }

        @Test func aFileThatIsBeingAppendedToIsMarked() async throws {
            try await Cluster.run(Self.setup) { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 1000)
                try await cluster.put(source, as: "other")
                let line = "(echo one; while ! test -e go; do sleep 0.05; done) | $dfs append -create -records - log"
                let appender = try ChildProcess(
                    "/bin/sh", ["-c", "cd '\(cluster.folder.path)' && \(line)"], log: cluster.folder.file("appender"),
                    environment: cluster.clientEnvironment)
                _ = try await cluster.primary(of: "log", unless: [appender])
                let listing = try await cluster.client("ls", "-l").stdout.split(separator: "\n")
                #expect(listing.filter { $0.contains(" 0+ ") && $0.hasSuffix(" log") }.count == 1, "\(listing)")
                #expect(listing.filter { $0.contains(" 1000 ") && $0.hasSuffix(" other") }.count == 1, "\(listing)")
                #expect(try await cluster.client("fsck", "log").stdout.hasPrefix("healthy 0+ "))
                for command in ["ls", "fsck"] {
                    let text = try await cluster.client(command, "-json", "log").stdout
                    #expect(text.contains("\"isAppended\":true"), "\(text)")
                    let other = try await cluster.client(command, "-json", "other").stdout
                    #expect(other.contains("\"isAppended\":false"), "\(other)")
                }
                _ = try cluster.folder.randomFile("go", bytes: 0)
                let result = try await cluster.finish(appender)
                #expect(result.status == 0, "\(result.stderr)")
            }
        }

        @Test func aServerThatStandsStillIsOvertaken() async throws {
            try await Cluster.run(Self.setup) { cluster in
                let input = try cluster.lines(writer: 1, count: 20_000)
                let client = try cluster.startClient(["append", "-create", "-records", input, "log"])
                guard let primary = try await cluster.primary(of: "log", unless: [client]) else {
                    throw FixtureError("all was appended before a primary could be found")
                }
                cluster.server(primary)?.send(SIGSTOP)
                let result = try await cluster.finish(client)
                cluster.server(primary)?.send(SIGCONT)
                #expect(result.status == 0, "\(result.stderr)")
                try await cluster.expectRecords(of: "log", [try String(contentsOfFile: input, encoding: .utf8)])
                try await cluster.expectEqualReplicas(of: "log")
            }
        }

        @Test func aKilledMasterStopsNoAppender() async throws {
            try await Cluster.run(Self.setup) { cluster in
                let input = try cluster.lines(writer: 1, count: 3000)
                let client = try cluster.startClient(["append", "-create", "-records", input, "log"])
                _ = try await cluster.primary(of: "log", unless: [client])
                try await cluster.killMaster()
                try await cluster.startMaster()
                let result = try await cluster.finish(client)
                #expect(result.status == 0, "\(result.stderr)")
                try await cluster.expectRecords(of: "log", [try String(contentsOfFile: input, encoding: .utf8)])
            }
        }

        @Test(arguments: UInt64(1)...3)
        func aPlainAppendIsThereOnceAlsoWhenItsPrimaryIsKilled(seed: UInt64) async throws {
            try await Cluster.run(Self.setup) { cluster in
                let first = try cluster.folder.randomFile("first", bytes: 1_300_000, seed: seed)
                let more = try cluster.folder.randomFile("more", bytes: 9_000_000, seed: seed + 100)
                try await cluster.put(first, as: "f")
                let client = try cluster.startClient(["append", more, "f"])
                if let primary = try await cluster.primary(of: "f", unless: [client]) {
                    try await cluster.killServer(primary)
                    try await cluster.startServer(primary)
                }
                let result = try await cluster.finish(client)
                #expect(result.status == 0, "\(result.stderr)")
                let expected = cluster.folder.file("expected")
                let both = try [first, more].map { try Data(contentsOf: URL(filePath: $0)) }
                try (both[0] + both[1]).write(to: URL(filePath: expected))
                #expect(try await cluster.outcome(of: "f", source: expected) == .whole)
                let part = try await cluster.client("cat", "-offset", "1299990", "-length", "20", "f")
                #expect(part.status == 0)
            }
        }

        @Test func aPlainAppendThatLostItsClaimDoesNotTakeAnothersBytesForItsOwn() async throws {
            try await Cluster.run(Self.setup) { cluster in
                let empty = try cluster.folder.randomFile("empty", bytes: 0)
                try await cluster.put(empty, as: "f")
                let client = try DFSClient(master: cluster.masterAddress)
                let size = try await client.stat("f").chunkSize / 4
                let pipe = Pipe()
                let writing = pipe.fileHandleForWriting
                // The nodes that are started below must not keep the pipe open.
                for end in [writing, pipe.fileHandleForReading] {
                    #expect(fcntl(end.fileDescriptor, F_SETFD, FD_CLOEXEC) == 0)
                }
                let first = Task { try await client.append(from: pipe.fileHandleForReading.fileDescriptor, to: "f") }
                try await Self.write(size, to: writing)
                try await eventually("a piece in the file") {
                    (try? await client.stat("f"))?.chunks.last?.isOpen == true
                }
                // The claim is forgotten, and somebody else appends just as many bytes.
                try await cluster.killMaster()
                try await cluster.startMaster()
                let other = try cluster.folder.randomFile("other", bytes: size)
                try await eventually("an append by another") {
                    try await cluster.client("append", other, "f").status == 0
                }
                try await Self.write(size, to: writing)
                try writing.close()
                await #expect(throws: DFSError.self) { try await first.value }
                #expect(try await cluster.client("cat", "f").status == 0)
                try await eventually("a sealed file") { try await client.stat("f").length == 2 * size }
                await client.close()
            }
        }

        private static func write(_ count: Int, to handle: FileHandle) async throws {
            try await Task.detached { try handle.write(contentsOf: Data(repeating: 7, count: count)) }.value
        }

        @Test func anAppendThatNobodyTakesFailsInTheEnd() async throws {
            try await Cluster.run(Self.setup) { cluster in
                let client = try DFSClient(master: cluster.masterAddress)
                let options = AppendOptions(creates: true, patience: .seconds(2))
                await #expect(throws: DFSError.self) {
                    try await client.withAppender(to: "log", options: options) { log in
                        try await log.append(Array("taken".utf8))
                        for index in cluster.serverPorts.indices { try await cluster.killServer(index) }
                        try await log.append(Array("lost".utf8))
                    }
                }
                for index in cluster.serverPorts.indices { try await cluster.startServer(index) }
                try await eventually("the record that was acknowledged") {
                    try await cluster.client("cat", "-records", "log").stdout.hasPrefix("taken\n")
                }
                await client.close()
            }
        }

        @Test func whatIsAppendedIsReadWhileItsChunkIsOpen() async throws {
            try await Cluster.run(Self.setup) { cluster in
                let client = try DFSClient(master: cluster.masterAddress)
                try await client.withAppender(to: "log", options: AppendOptions(creates: true)) { log in
                    try await log.append(Array("one".utf8))
                    try await log.append([])
                    var records: [[UInt8]] = []
                    for try await record in client.records(of: "log") { records.append(record) }
                    #expect(records == [Array("one".utf8), []])
                    let layout = try await client.stat("log")
                    #expect(layout.length == nil && layout.chunks.last?.isOpen == true)
                    await #expect(throws: DFSError.self) {
                        try await client.append(cluster.folder.randomFile("alone", bytes: 10), to: "log")
                    }
                }
                try await eventually("a sealed chunk") { try await client.stat("log").length == 28 * 2 + 3 }
                await client.close()
            }
        }
    }
}

extension Cluster {
    /// A file of lines that name their writer and number.
    fileprivate func lines(writer: Int, count: Int) throws -> String {
        let path = folder.file("lines-\(writer)")
        let text = (0..<count).map { "writer \(writer) record \($0) \(String(repeating: "x", count: $0 % 300))\n" }
        try text.joined().write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }

    /// The server that orders the records of a file, once there is one; `nil` when all clients have ended.
    fileprivate func primary(of name: String, unless clients: [ChildProcess]) async throws -> Int? {
        try await eventually("an open chunk") { () -> Int?? in
            if clients.allSatisfy({ $0.ended != nil }) { return .some(nil) }
            let result = try await self.client("stat", name)
            guard let last = result.stdout.split(separator: "\n").last(where: { $0.contains(" ? ") }) else {
                return nil
            }
            let address = last.split(separator: " ").last.map(String.init) ?? ""
            return self.serverPorts.indices.first { self.serverAddress($0) == address }.map { .some($0) }
        }
    }

    /// Each line that was appended is among the records of the file, and nothing else is.
    fileprivate func expectRecords(of name: String, _ inputs: [String]) async throws {
        let result = try await client("cat", "-records", name)
        #expect(result.status == 0, "\(result.stderr)")
        let records = result.stdout.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        #expect(records.count == Set(records).count, "a record came twice")
        let wanted = Set(inputs.flatMap { $0.split(separator: "\n") })
        #expect(wanted.subtracting(records).isEmpty, "\(wanted.subtracting(records).count) records are missing")
        #expect(Set(records).subtracting(wanted).isEmpty)
    }

    /// All copies of each chunk come to be the same bytes.
    fileprivate func expectEqualReplicas(of name: String) async throws {
        try await eventually(within: .seconds(60), "two copies of each chunk") {
            try await self.client("fsck", name).stdout.hasPrefix("healthy")
        }
        let listing = try await client("stat", name).stdout.split(separator: "\n").dropFirst()
        for line in listing {
            let parts = line.split(separator: " ").map(String.init)
            guard parts.count == 5, Int(parts[0]) != nil else { continue }
            let copies = parts[4].split(separator: ",").compactMap { address in
                serverPorts.indices.first { serverAddress($0) == address }
            }.map { try? Data(contentsOf: URL(filePath: "\(serverFolder($0))/\(parts[1])")) }
            #expect(copies.count == 2 && copies[0] != nil && Set(copies).count == 1, "\(line)")
        }
    }
}
