import Foundation
import Testing

extension ClusterTests {
    /// The session that the README shows, word for word.
    @Suite struct ReadmeTests {
        /// Takes away what the fixture put to see that the cluster works.
        private static func clear(_ cluster: Cluster) async throws {
            for name in try await cluster.client("ls").stdout.split(separator: "\n") {
                #expect(try await cluster.client("rm", "-r", String(name)).status == 0)
            }
            #expect(try await cluster.client("trash", "empty").status == 0)
            try await eventually(within: .seconds(30), "an empty trash") {
                try await cluster.client("trash", "ls").stdout.isEmpty
            }
        }

        @Test func theSessionIsWhatHappens() async throws {
            let steps = try #require(try ConsoleSession.all(in: "README.md").first).steps
            #expect(steps.count > 10)
            try await Cluster.run { cluster in
                try await Self.clear(cluster)
                let folder = try cluster.folder.folder("session")
                try FileManager.default.createSymbolicLink(
                    atPath: "\(folder)/bin", withDestinationPath: URL(filePath: BuiltBinaries.folder).path)
                for (number, step) in steps.enumerated() {
                    let shell = try ChildProcess(
                        "/bin/sh", ["-c", "cd '\(folder)' && \(step.command)"],
                        log: cluster.folder.file("step-\(number)"),
                        environment: ["DFS_MASTER": cluster.masterAddress])
                    #expect(try await shell.waitForEnd() == .exited(0), "\(step.command): \(shell.stderr)")
                    #expect(shell.stdout == step.output, "\(step.command)")
                }
            }
        }

        /// It is the target sdk-example, too, so that it is known to be compiled.
        @Test func theProgramDoesWhatItSays() async throws {
            let readme = try String(contentsOfFile: "README.md", encoding: .utf8)
            let program = try String(contentsOfFile: "Examples/sdk-example/Example.swift", encoding: .utf8)
            #expect(readme.contains("```swift\n\(program)```\n"))
            try await Cluster.run { cluster in
                _ = try cluster.folder.randomFile("photo.jpg", bytes: 3_000_000)
                for round in 1...2 {
                    let shell = try ChildProcess(
                        "/bin/sh",
                        [
                            "-c",
                            "cd '\(cluster.folder.path)' && \(BuiltBinaries.example) \(cluster.masterAddress) && "
                                + "cmp photo.jpg downloads/album/photo.jpg",
                        ], log: cluster.folder.file("example-\(round)"))
                    #expect(try await shell.waitForEnd() == .exited(0), "\(shell.stderr)")
                    let records = String(repeating: "a photo was put\n", count: round)
                    #expect(shell.stdout == "album/photo.jpg: 3000000 bytes on 2 servers\n\(records)log\nphoto.jpg\n")
                }
            }
        }
    }
}
