import DFSCore
import DFSWire
import Synchronization
import Testing

@testable import DFSClient

@Suite(.timeLimit(.minutes(1))) struct PatternTests {
    @Test(arguments: [
        ("a", "a", true), ("a", "b", false), ("", "", true), ("*", "", true), ("*", ".hidden", true),
        ("*.txt", "a.txt", true), ("*.txt", "a.txt.gz", false), ("a*b*c", "aXbYbZc", true), ("a*b*c", "aXbYbZ", false),
        ("**a", "ba", true), ("?", "é", true), ("?", "", false), ("??", "é", false), ("a?c", "abc", true),
        ("[abc]x", "bx", true), ("[abc]x", "dx", false), ("[a-c]", "b", true), ("[!a-c]", "b", false),
        ("[^a-c]", "d", true), ("[]a]", "]", true), ("[a", "[a", true), ("[a", "a", false), ("[a-]", "-", true),
        ("[\\]]", "]", true), ("[c-a]", "b", false), ("\\*", "*", true), ("\\*", "a", false), ("a\\", "a\\", true),
        ("\\a", "a", true), ("[ü-ý]", "ü", true), ("A", "a", false),
    ])
    func aPartMatchesAsFnmatchHasIt(pattern: String, name: String, matches: Bool) {
        #expect(PartPattern(pattern).matches(name) == matches)
    }

    @Test func aPatternOfManyStarsTakesNoLongTime() {
        let pattern = PartPattern(String(repeating: "*a", count: 200) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 1000)))
    }

    @Test(arguments: [("a\\*b", "a*b"), ("\\\\", "\\"), ("plain", "plain")])
    func onlyOneNameCanMatchWithoutWildcards(pattern: String, name: String) {
        #expect(PartPattern(pattern).literal == name)
        #expect(PartPattern(pattern + "*").literal == nil)
    }

    /// `a/x1 a/x2 a/y b/x1/deep c`, and names that look like patterns.
    private static let folders: [String: [DFSWire.FileStatus]] = [
        "": [folder("a"), folder("b"), file("c"), file("w*ld")], "a": [file("x1"), file("x2"), file("y")],
        "b": [folder("x1"), file("[z]")], "b/x1": [file("deep")],
    ]

    private static func file(_ name: String) -> DFSWire.FileStatus { DFSWire.FileStatus(name: name, length: 1) }
    private static func folder(_ name: String) -> DFSWire.FileStatus { DFSWire.FileStatus(name: name, isFolder: true) }

    @Test(arguments: [
        ("a/*", ["a/x1", "a/x2", "a/y"], ["a", "a"]),
        ("a/x?", ["a/x1", "a/x2"], ["a", "a"]),
        ("*/x1", ["a/x1", "b/x1"], ["", ""]),
        ("?/x1/*", ["b/x1/deep"], ["", "a/x1", "b/x1", ""]),
        ("w*ld", ["w*ld"], []),
        ("w\\*ld", ["w*ld"], []),
        ("b/[z]", ["b/[z]"], []),
        ("plain/path", ["plain/path"], []),
        ("/c*", ["c"], ["", ""]),
    ])
    func aPatternIsExpandedByTheFoldersThatCanHoldIt(
        pattern: String, matches: [String], listed: [String]
    ) async throws {
        try await TestCluster.run { cluster in
            cluster.master.state.withLock { $0.folders = Self.folders }
            let found = Mutex<[String]>([])
            try await cluster.client.forEachMatch(of: pattern) { path, _ in found.withLock { $0.append(path) } }
            #expect(found.withLock { $0 } == matches)
            #expect(Set(cluster.master.state.withLock { $0.listed }) == Set(listed))
        }
    }

    @Test(arguments: ["x*", "a/z*", "none/*", "c/*", "*/none"])
    func aPatternThatMatchesNothingIsAnError(pattern: String) async throws {
        try await TestCluster.run { cluster in
            cluster.master.state.withLock { $0.folders = Self.folders }
            let error = await failure { try await cluster.client.forEachMatch(of: pattern) { _, _ in } }
            #expect(error?.code == .notFound && error?.message.contains(pattern) == true)
        }
    }

    @Test func whatTheVisitorFailsWithComesThrough() async throws {
        try await TestCluster.run { cluster in
            cluster.master.state.withLock { $0.folders = Self.folders }
            let error = await failure {
                try await cluster.client.forEachMatch(of: "*") { path, _ in throw DFSError(.notFound, path) }
            }
            #expect(error?.message == "a")
        }
    }

    @Test func underAGoMasterAPathIsAllThereIs() async throws {
        try await TestCluster.run(.init(isMasterSwift: false)) { cluster in
            let found = Mutex<[String]>([])
            try await cluster.client.forEachMatch(of: "a*") { path, _ in found.withLock { $0.append(path) } }
            #expect(found.withLock { $0 } == ["a*"])
        }
    }

    @Test(arguments: ["..", "../x", "a/b", "", ".", "a\0b"])
    func aNameFromTheWireNeverLeadsOutOfTheFolder(name: String) async throws {
        try await TestCluster.run { cluster in
            cluster.master.state.withLock { $0.folders = ["": [Self.folder("t")], "t": [Self.file(name)]] }
            // A NUL cannot be sent.
            let isSent = !name.contains("\0")
            let failed = Mutex<[DFSError?]>([])
            let result = try await cluster.client.getTree("t", into: "out") { event in
                if case .failed(_, let error) = event { failed.withLock { $0.append(error) } }
            }
            #expect(result.failureCount == 1 && result.fileCount == 0)
            if isSent { #expect(failed.withLock { $0.first??.code } == .invalidArgument) }
            #expect(cluster.disk.files.isEmpty)
        }
    }
}
