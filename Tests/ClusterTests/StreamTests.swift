import Foundation
import Testing

extension Cluster {
    /// Runs a line of shell in which `$dfs` is the client with the cluster's master.
    func shell(_ line: String) async throws -> ClientResult {
        let process = try ChildProcess(
            "/bin/sh", ["-c", "cd '\(folder.path)' && \(line)"], log: folder.file("shell-\(nextRun())"),
            environment: clientEnvironment)
        return try await finish(process)
    }
}

extension ClusterTests {
    /// The client in pipes.
    @Suite struct StreamTests {
        @Test func filesGoThroughPipesAsTheyAre() async throws {
            try await Cluster.run { cluster in
                for bytes in [0, 1, 1 << 20, (3 << 20) + 7] {
                    let source = try cluster.folder.randomFile("in", bytes: bytes)
                    #expect(try await cluster.shell("$dfs put - f/\(bytes) < in").status == 0)
                    #expect(try await cluster.shell("cat in | $dfs put - g/\(bytes)").status == 0)
                    #expect(try await cluster.outcome(of: "f/\(bytes)", source: source) == .whole)
                    #expect(try await cluster.shell("$dfs cat g/\(bytes) | cmp - in").status == 0)
                    #expect(try await cluster.shell("$dfs get g/\(bytes) - > out && cmp out in").status == 0)
                }
                #expect(try await cluster.shell("$dfs cat f/1 g/1048576 f/0 f/1 | wc -c").stdout == "1048578\n")
            }
        }

        @Test func aPartOfAFileGoesOut() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: (3 << 20) + 7)
                try await cluster.put(source, as: "f")
                let middle = "tail -c +1000001 in | head -c 1500000"
                let cat = "$dfs cat -offset 1000000 -length 1500000 f"
                #expect(try await cluster.shell("\(cat) > out && \(middle) | cmp - out").status == 0)
                #expect(try await cluster.shell("$dfs cat -offset 3MB f > out && tail -c 7 in | cmp - out").status == 0)
                #expect(try await cluster.shell("$dfs cat -offset 4MB f | wc -c").stdout == "0\n")
                try await cluster.expectFailure(2, names: "-offset", "cat", "-offset", "-5", "f")
            }
        }

        @Test func aStreamReplacesOnlyWhenAsked() async throws {
            try await Cluster.run { cluster in
                let first = try await cluster.shell("echo one | $dfs put - f")
                #expect(first.status == 0 && first.stdout.hasPrefix("f: 4 bytes"))
                #expect(try await cluster.shell("echo two | $dfs put - f").status == 4)
                #expect(try await cluster.shell("$dfs cat f").stdout == "one\n")
                #expect(try await cluster.shell("echo two | $dfs put -f - f").status == 0)
                #expect(try await cluster.shell("$dfs cat f").stdout == "two\n")
            }
        }

        @Test func catEndsQuietlyWhenNobodyReads() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 4 << 20)
                try await cluster.put(source, as: "f")
                let result = try await cluster.shell("{ $dfs cat f; echo $? > status; } | head -c 10 | wc -c")
                #expect(result.stdout == "10\n" && result.stderr.isEmpty)
                let status = try String(contentsOfFile: cluster.folder.file("status"), encoding: .utf8)
                #expect(status == "1\n")
            }
        }

        @Test func aListingThatCannotBeWrittenHasFailed() async throws {
            try await Cluster.run { cluster in
                for number in 0..<20 {
                    #expect(try await cluster.client("mkdir", "d\(number)").status == 0)
                }
                for command in ["ls", "du", "fsck", "df"] {
                    let full = try await cluster.shell("$dfs \(command) > /dev/full")
                    #expect(full.status == 1 && full.stderr.contains("no space left"), "\(command): \(full)")
                    let closed = try await cluster.shell("$dfs \(command) >&-")
                    #expect(closed.status == 1 && closed.stderr.isEmpty, "\(command): \(closed)")
                }
                let source = try cluster.folder.randomFile("in", bytes: 100)
                try await cluster.put(source, as: "f")
                #expect(
                    try await cluster.shell("$dfs cat f >&- 2> errors; test $? = 1 && ! test -s errors").status == 0)
                #expect(try await cluster.shell("$dfs cat f > /dev/full").stderr.contains("no space left"))
            }
        }

        @Test func catGoesOnFromAnotherReplicaAndTellsOfMissingFiles() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: (6 << 20) + 1)
                try await cluster.put(source, as: "f")
                // The reader waits for a byte in a second pipe before it takes the rest.
                let cat = try await Self.startSlowCat(cluster)
                try await eventually("the first bytes") { cluster.folder.size(of: "head") == 100_000 }
                try await cluster.killServer(0)
                #expect(try await cluster.shell("echo > go").status == 0)
                #expect(try await cluster.finish(cat).status == 0, "\(cat.stderr)")
                #expect(try await cluster.shell("cat head tail | cmp - in").status == 0)
                try await cluster.expectFailure(3, names: "absent", "cat", "absent")
            }
        }

        private static func startSlowCat(_ cluster: Cluster) async throws -> ChildProcess {
            #expect(try await cluster.shell("mkfifo go").status == 0)
            return try ChildProcess(
                "/bin/sh",
                [
                    "-c",
                    "cd '\(cluster.folder.path)' && { $dfs cat f || echo $? > failed; } | "
                        + "{ head -c 100000 > head; read x < go; cat > tail; } && ! test -e failed",
                ], log: cluster.folder.file("slow"),
                environment: cluster.clientEnvironment)
        }

        @Test func aFileWhoseSizeIsNotThatOfItsBytesIsPutAsAStream() async throws {
            try await Cluster.run { cluster in
                for (command, path) in [("put", "/proc/version"), ("append", "/proc/version")] {
                    if command == "append" { try await cluster.put(cluster.folder.randomFile("in", bytes: 1), as: "x") }
                    try await cluster.expectFailure(1, names: "standard input", command, path, "x")
                    if command == "put" { try await cluster.expectFailure(3, names: "x", "stat", "x") }
                }
                let shell = try await cluster.shell("$dfs put - v < /proc/version && $dfs cat v | cmp - /proc/version")
                #expect(shell.status == 0, "\(shell.stderr)")
            }
        }
    }
}

extension TestFolder {
    /// Bytes in the file `name`; 0 where there is none.
    func size(of name: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: file(name))
        return (attributes?[.size] as? NSNumber)?.intValue ?? 0
    }
}
