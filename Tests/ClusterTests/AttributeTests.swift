import Foundation
import Testing

extension ClusterTests {
    /// `put -attr`, `setattr`, and what `stat` tells.
    @Suite struct AttributeTests {
        @Test func attributesOfAFileAreKeptChangedAndShown() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 1000)
                let put = try await cluster.client(
                    "-attr", "b=x=y", "put", "-attr", "a=\"two\nlines\"", source, "d/f")
                #expect(put.status == 0, "\(put.stderr)")
                let stat = try await cluster.client("stat", "d/f")
                let lines = stat.stdout.split(separator: "\n")
                #expect(
                    lines[1...2] == [#"attribute "a": "\"two\nlines\"""#, #"attribute "b": "x=y""#], "\(stat.stdout)")
                #expect(try await cluster.client("setattr", "-remove-attr", "a", "-attr", "ü=", "d/*").status == 0)
                #expect(try await cluster.client("mv", "d/f", "g").status == 0)
                let json = try await cluster.client("stat", "-json", "g")
                let members = #""attributes":{"b":"x=y","ü":""},"#
                #expect(json.stdout.contains(members), "\(json.stdout)")
                let dump = try ChildProcess(
                    BuiltBinaries.master, ["-meta-dir", cluster.metaFolder, "-dump"], log: cluster.folder.file("dump"))
                #expect(try await dump.waitForEnd() == .exited(0))
                #expect(dump.stdout.split(separator: "\n").count { $0.contains(members) } == 1)
                #expect(try await cluster.client("put", "-f", source, "g").status == 0)
                #expect(try await cluster.client("stat", "-json", "g").stdout.contains(#""attributes":{},"#))
            }
        }

        @Test func whatCannotBeIsRefused() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 10)
                try await cluster.expectFailure(2, names: "<name>=<value>", "put", "-attr", "novalue", source, "f")
                try await cluster.expectFailure(2, names: "0 bytes", "put", "-attr", "=x", source, "f")
                try await cluster.expectFailure(2, names: "twice", "put", "-attr", "a=1", "-attr", "a=2", source, "f")
                try await cluster.expectFailure(2, names: "-remove-attr", "setattr", "f")
                try await cluster.expectFailure(3, names: "f", "setattr", "-attr", "a=1", "f")
                #expect(try await cluster.client("mkdir", "d").status == 0)
                try await cluster.expectFailure(1, names: "is a folder", "setattr", "-attr", "a=1", "d")
            }
        }
    }
}
