import Testing

@testable import DFSCore

@Suite struct IdentityTests {
    @Test(arguments: ["", ".", "..", ".dfs", "a/b", "../x", "a\0b", "a\nb", String(repeating: "a", count: 256)])
    func unsafeChunkIDIsRefused(_ text: String) {
        #expect(throws: DFSError.self) { try ChunkID(text) }
    }

    @Test func chunkIndexIsTheNumberAfterTheLastUnderscore() throws {
        #expect(try ChunkID("a_b_12").index == 12)
        #expect(try ChunkID("a_").index == nil)
        #expect(try ChunkID("plain").index == nil)
        #expect(try ChunkID("x_1a").index == nil)
    }

    @Test(arguments: ["", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\0", String(repeating: "a", count: 4097)])
    func unusableFileNameIsRefused(_ text: String) {
        #expect(throws: DFSError.self) { try FileName(text) }
    }

    @Test(arguments: ["plain.bin", "dir/part two/100%", "ü/日本", String(repeating: "x/y", count: 100), "..a", "_1"])
    func anyNameMakesASafeChunkID(_ text: String) throws {
        let id = try FileName(text).chunkID(fileID: 0xABC, index: 7)
        #expect(id.index == 7)
        #expect(id.text.utf8.count < 255)
        #expect(!id.text.contains("/"))
    }

    @Test func differentFilesNeverShareAChunkID() throws {
        let name = try FileName("a")
        #expect(name.chunkID(fileID: 1, index: 0) != name.chunkID(fileID: 2, index: 0))
    }

    @Test(arguments: [
        (":9001", "", 9001), ("localhost:8000", "localhost", 8000), ("[::1]:8000", "::1", 8000),
        ("10.0.0.1:1", "10.0.0.1", 1),
    ])
    func goStyleAddressIsParsed(_ text: String, _ host: String, _ port: Int) throws {
        let address = try ServerAddress(text)
        #expect(address.host == host && Int(address.port) == port)
        #expect(address.description == text)
    }

    @Test(arguments: ["", "9001", "host", "host:", "host:70000", "::1:80", "[::1:80", "a b:1", "h:-1", ":+1"])
    func brokenAddressIsRefused(_ text: String) {
        #expect(throws: DFSError.self) { try ServerAddress(text) }
    }

    @Test func namesThatOnlyLookAlikeAreDifferent() throws {
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        #expect(try FileName(composed) != FileName(decomposed))
        #expect(try Set([ChunkID(composed), ChunkID(decomposed)]).count == 2)
        #expect(try ChunkID(composed) == ChunkID(composed))
        #expect(try [ChunkID("b"), ChunkID("a"), ChunkID("B")].sorted().map(\.text) == ["B", "a", "b"])
    }

    /// Marks, a joiner, a variation selector, a skin tone and a voicing mark: what Swift takes for a part of the character before.
    @Test(arguments: ["\u{301}", "\u{200D}", "\u{FE0F}", "\u{1F3FD}", "\u{3099}"])
    func aSlashPartsNamesWhateverFollowsIt(_ mark: String) throws {
        for leaf in [mark, mark + "b"] {
            #expect(try FileName("a/" + leaf).leaf == PathPart(leaf))
            #expect(try FileName("a/" + leaf).parts == [PathPart("a"), PathPart(leaf)])
            #expect(try FileName("a/" + leaf + "/c").leaf == PathPart("c"))
            #expect("/a/\(leaf)/".pathParts.map { Array($0.utf8) } == ["a", leaf].map { Array($0.utf8) })
            #expect("/a/\(leaf)/".parentPath == "/a")
        }
    }

    @Test(arguments: [
        ("a", nil), ("a/", nil), ("/", "/"), ("/a", "/"), ("/a/", "/"), ("a/b", "a"), ("//a", "/"), ("", nil),
    ])
    func aPathLiesInItsFolder(_ path: String, _ folder: String?) {
        #expect(path.parentPath == folder)
    }

    @Test func emptyHostIsFilledAndOthersStay() throws {
        #expect(try ServerAddress(":9001").filling(host: "10.0.0.7").description == "10.0.0.7:9001")
        #expect(try ServerAddress("a:9001").filling(host: "10.0.0.7").description == "a:9001")
        #expect(try ServerAddress(":9001").filling(host: "fe80::1").description == "[fe80::1]:9001")
    }

    @Test func textFromPeersIsShownShortAndWithoutControlCharacters() {
        #expect(quoted("a\n\u{1B}[31mb") == "\"a\\n\\u{1B}[31mb\"")
        #expect(quoted(String(repeating: "x", count: 5000)).utf8.count < 200)
    }
}
