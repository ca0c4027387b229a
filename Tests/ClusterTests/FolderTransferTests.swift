import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// Whole folders in and out, and patterns.
    @Suite struct FolderTransferTests {
        /// `tree` with files, empty folders, a symbolic link and a FIFO.
        private static func makeTree(_ cluster: Cluster) async throws {
            for (name, bytes) in [("tree/a", 0), ("tree/b c", 10), ("tree/f/g/big", (2 << 20) + 3), ("tree/f/ü", 5)] {
                let folder = name.split(separator: "/").dropLast().joined(separator: "/")
                _ = try cluster.folder.folder(folder)
                _ = try cluster.folder.randomFile(name, bytes: bytes)
            }
            for index in 0..<20 { _ = try cluster.folder.randomFile("tree/f/n\(index)", bytes: index) }
            _ = try cluster.folder.folder("tree/empty/inner")
        }

        @Test func aTreeGoesInAndComesOutAsItWas() async throws {
            try await Cluster.run { cluster in
                try await Self.makeTree(cluster)
                let put = try await cluster.client("put", "-r", cluster.folder.file("tree"), "t/u")
                #expect(put.status == 0, "\(put.stderr)")
                #expect(put.stdout == "t/u: 24 files, 2097360 bytes\n")
                let get = try await cluster.client("get", "-r", "t", cluster.folder.file("out"))
                #expect(get.status == 0, "\(get.stderr)")
                #expect(get.stdout.hasPrefix("t: 24 files, "))
                let diff = try await cluster.shell("diff -r tree out/t/u && test -d out/t/u/empty/inner")
                #expect(diff.status == 0, "\(diff.stdout)")
            }
        }

        @Test func whatFailsIsNamedAndTheRestGoesOn() async throws {
            try await Cluster.run { cluster in
                try await Self.makeTree(cluster)
                let tree = cluster.folder.file("tree")
                try await cluster.put("\(tree)/a", as: "t/b c")
                #expect(try await cluster.shell("ln -s a tree/link && mkfifo tree/fifo").status == 0)
                #expect(try await cluster.shell("printf x > \"$(printf 'tree/bad\\377')\"").status == 0)
                let put = try await cluster.client("put", "-r", tree, "t")
                #expect(put.status == 1)
                #expect(put.stdout.contains("22 files") == false && put.stdout.contains("23 files"), "\(put.stdout)")
                #expect(put.stdout.contains("2 skipped"))
                for word in ["link", "symbolic", "fifo", "b c", "exists", "UTF-8", "bad"] {
                    #expect(put.stderr.contains(word), "\(word): \(put.stderr)")
                }
                // Again, replacing: all but the name that cannot be one.
                let again = try await cluster.client("put", "-r", "-f", tree, "t")
                #expect(again.status == 1 && again.stdout.contains("24 files"), "\(again.stdout)")
                #expect(!again.stderr.contains("b c"))
                #expect(try await cluster.shell("$dfs cat 't/b c' | cmp - 'tree/b c'").status == 0)
            }
        }

        @Test func whatAKilledGetHasLeftIsNotPut() async throws {
            try await Cluster.run { cluster in
                let name = ".dfs-get-0123456789abcdef"
                let shell = try await cluster.shell("mkdir tree && touch tree/a tree/\(name) tree/\(name)0")
                #expect(shell.status == 0, "\(shell.stderr)")
                let put = try await cluster.client("put", "-r", cluster.folder.file("tree"), "t")
                #expect(put.status == 0 && put.stdout == "t: 2 files, 0 bytes, 1 skipped\n", "\(put.stdout)")
                #expect(put.stderr.contains(name) && put.stderr.contains("temporary"), "\(put.stderr)")
                #expect(try await cluster.client("ls", "t").stdout == "\(name)0\na\n")
            }
        }

        @Test func aNameThatIsTooLongIsNamed() async throws {
            try await Cluster.run { cluster in
                let deep = (0..<10).map { _ in String(repeating: "d", count: 240) }.joined(separator: "/")
                let shell = try await cluster.shell(
                    "mkdir tree && cd tree && for part in $(echo \(deep) | tr / ' '); do mkdir $part; cd $part; done && "
                        + "echo x > file && cd '\(cluster.folder.path)' && echo y > tree/other")
                #expect(shell.status == 0, "\(shell.stderr)")
                let put = try await cluster.client("put", "-r", cluster.folder.file("tree"), deep)
                #expect(put.status == 1 && put.stdout.hasSuffix(": 1 files, 2 bytes\n"), "\(put.stdout)")
                #expect(put.stderr.contains("4096"))
            }
        }

        @Test func aSymbolicLinkInTheTargetIsNotFollowed() async throws {
            try await Cluster.run { cluster in
                try await Self.makeTree(cluster)
                #expect(try await cluster.client("put", "-r", cluster.folder.file("tree"), "t").status == 0)
                #expect(try await cluster.shell("mkdir -p out/t outside && ln -s ../../outside out/t/f").status == 0)
                let get = try await cluster.client("get", "-r", "t", cluster.folder.file("out"))
                #expect(get.status == 1 && get.stderr.contains("symbolic link"), "\(get.stderr)")
                try await cluster.expectFailure(1, names: "symbolic", "get", "-r", "t/f/n1", cluster.folder.file("out"))
                #expect(TestFolder.names(in: cluster.folder.file("outside")) == [])
                #expect(TestFolder.names(in: cluster.folder.file("out/t")) == ["a", "b c", "empty", "f"])
            }
        }

        @Test func wrongKindsAreTold() async throws {
            try await Cluster.run { cluster in
                let source = try cluster.folder.randomFile("in", bytes: 10)
                try await cluster.put(source, as: "d/f")
                try await cluster.expectFailure(2, names: "-r", "put", "-r", source, "x")
                try await cluster.expectFailure(3, names: "nosuch", "put", "-r", cluster.folder.file("nosuch"), "x")
                try await cluster.expectFailure(1, names: "folder", "get", "d", cluster.folder.file("out"))
                try await cluster.expectFailure(1, names: "get -r", "get", "[d]", cluster.folder.file("out"))
                try await cluster.expectFailure(3, names: "absent", "get", "-r", "absent", cluster.folder.file("out"))
                let single = try await cluster.client("get", "-r", "d/f", cluster.folder.file("out"))
                #expect(single.status == 0 && single.stdout == "d/f: 1 files, 10 bytes\n")
                #expect(TestFolder.areEqual(cluster.folder.file("out/d/f"), source))
            }
        }

        /// Swift's `Character` joins a `/` to a mark behind it, and its strings take `é` for `e` and a mark.
        @Test func namesAreToldApartByTheirBytes() async throws {
            try await Cluster.run { cluster in
                #expect(try await cluster.client("rm", "-r", "*").status == 0)
                let names = ["m/b", "m/\u{301}b", "m/\u{301}/x", "caf\u{E9}/x", "cafe\u{301}/x", "cafe\u{301}/y"]
                for name in names {
                    #expect(try await cluster.shell("printf '\(name)' | $dfs put - '\(name)'").status == 0)
                }
                let usage = try await cluster.client("du").stdout.split(separator: "\n").map { Array($0.utf8) }
                let expected = ["16 32 2 cafe\u{301}", "7 14 1 caf\u{E9}", "14 28 3 m", "37 74 6 ."]
                #expect(usage == expected.map { Array($0.utf8) })
                #expect(try await cluster.client("mv", "m/\u{301}b", "/caf\u{E9}/").status == 0)
                for (from, to) in [("", "all"), ("caf\u{E9}/\u{301}b", "one"), ("m/[\u{301}]/x", "one")] {
                    let get = try await cluster.client("get", "-r", from.isEmpty ? "/" : from, cluster.folder.file(to))
                    #expect(get.status == 0, "\(from): \(get.stderr)")
                }
                let check = "for f in b ./\u{301}/x; do test \"$(cat all/m/$f)\" = m/${f#./} || exit 1; done; "
                let shell = try await cluster.shell(
                    check + "test ! -e 'all/m/\u{301}b' && cmp 'all/caf\u{E9}/\u{301}b' 'one/caf\u{E9}/\u{301}b' && "
                        + "cmp 'all/m/\u{301}/x' 'one/m/\u{301}/x' && test $(find all -type f | wc -l) = 6")
                #expect(shell.status == 0, "\(shell.stderr)")
                #expect(try await cluster.client("rm", "caf\u{E9}/\u{301}b").status == 0)
                #expect(try await cluster.client("cat", "m/b").stdout == "m/b")
                // A master that starts again takes all of them from its store.
                try await cluster.stopMaster()
                try await cluster.startMaster()
                #expect(try await cluster.client("cat", "m/\u{301}/x").stdout.utf8.elementsEqual("m/\u{301}/x".utf8))
            }
        }

        @Test func patternsStandForWhatTheyMatch() async throws {
            try await Cluster.run { cluster in
                #expect(try await cluster.client("rm", "-r", "*").status == 0)
                for (name, text) in [("a1", "1"), ("a2", "2"), ("d/b1", "3"), ("d/e/b2", "4"), ("s*r", "5")] {
                    #expect(try await cluster.shell("printf \(text) | $dfs put - '\(name)'").status == 0)
                }
                func output(_ arguments: String...) async throws -> String {
                    let result = try await cluster.finish(try cluster.startClient(arguments))
                    #expect(result.status == 0, "\(arguments): \(result.stderr)")
                    return result.stdout
                }
                #expect(try await output("ls", "[ad]*") == "a1\na2\nd/\n")
                #expect(try await output("ls", "-R", "d*") == "d/\nd/b1\nd/e/\nd/e/b2\n")
                #expect(try await output("cat", "a?", "*/b*", "s*r") == "1235")
                #expect(try await output("du", "*") == "1 2 1 a1\n1 2 1 a2\n2 4 2 d\n1 2 1 s*r\n5 10 5 .\n")
                #expect(try await output("stat", "a*").split(separator: "\n").count == 4)
                #expect(try await output("stat", "-json", "a1").contains("\"servers\":[\"127.0.0.1:"))
                _ = try await output("setrep", "1", "a[12]")
                #expect(
                    try await output("ls", "-json", "a*").split(separator: "\n").count {
                        $0.contains("\"replication\":1")
                    } == 2)
                // As `ls` writes a folder, and as users of other systems write it.
                for root in ["d/", "/d", "/d/"] {
                    #expect(try await output("ls", "-R", root) == output("ls", "-R", "d"))
                    #expect(try await output("du", root) == output("du", "d"))
                }
                _ = try await output("get", "a*", cluster.folder.file("out"))
                #expect(TestFolder.names(in: cluster.folder.file("out")) == ["a1", "a2"])
                // What fails of the matches is named, and the others come.
                #expect(try await cluster.shell("mkdir -p out2/a1").status == 0)
                let got = try await cluster.client("get", "-r", "[ad]*", cluster.folder.file("out2"))
                #expect(got.status == 1 && got.stderr.contains("a1"), "\(got.stderr)")
                #expect(TestFolder.names(in: cluster.folder.file("out2")) == ["a1", "a2", "d"])
                _ = try await output("rm", "s\\*r", "a*")
                #expect(try await output("ls") == "d/\n")
                for command in ["ls", "cat", "rm", "du", "stat"] {
                    try await cluster.expectFailure(3, names: "matches", command, "x*")
                }
            }
        }
    }
}
