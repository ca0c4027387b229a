import Testing

@testable import DFSCore

/// Attributes within their limits, and what is beyond them.
@Suite struct FileAttributesTests {
    private func made(_ pairs: (String, String)...) throws(DFSError) -> FileAttributes {
        try FileAttributes(pairs)
    }

    private func refusal(_ body: () throws(DFSError) -> FileAttributes) -> DFSError.Code? {
        do {
            _ = try body()
            return nil
        } catch {
            return error.code
        }
    }

    @Test func namesStandInTheOrderOfTheirBytes() throws {
        let attributes = try made(("b", "1"), ("a", ""), ("ä", "2"), ("A", "3"))
        #expect(attributes.all.map(\.name) == ["A", "a", "b", "ä"])
        #expect(attributes["a"] == "" && attributes["ä"] == "2" && attributes["c"] == nil)
        #expect(try attributes == made(("ä", "2"), ("A", "3"), ("a", ""), ("b", "1")))
        #expect(FileAttributes().isEmpty && !attributes.isEmpty)
    }

    /// `é` as one scalar and as two are equal to Swift, and not to those who write them.
    @Test func namesAndValuesAreToldApartByTheirBytes() throws {
        let attributes = try made(("\u{E9}", "one"), ("e\u{301}", "two"))
        #expect(attributes.all.count == 2)
        #expect(attributes["\u{E9}"] == "one" && attributes["e\u{301}"] == "two")
        #expect(try made(("a", "\u{E9}")) != made(("a", "e\u{301}")))
    }

    @Test func whatNoFileCanHaveIsRefused() throws {
        #expect(refusal { () throws(DFSError) in try made(("", "x")) } == .invalidArgument)
        #expect(refusal { () throws(DFSError) in try made(("a\0", "x")) } == .invalidArgument)
        #expect(refusal { () throws(DFSError) in try made(("a", "\0")) } == .invalidArgument)
        #expect(refusal { () throws(DFSError) in try made(("a", "x"), ("a", "y")) } == .invalidArgument)
        let longest = String(repeating: "ü", count: 127) + "x"
        #expect(refusal { () throws(DFSError) in try made((longest, "")) } == nil)
        #expect(refusal { () throws(DFSError) in try made((longest + "x", "")) } == .invalidArgument)
        let most = (0..<64).map { ("\($0)", "") }
        #expect(refusal { () throws(DFSError) in try FileAttributes(most) } == nil)
        #expect(refusal { () throws(DFSError) in try FileAttributes(most + [("64", "")]) } == .invalidArgument)
        let largest = String(repeating: "v", count: (16 << 10) - 1)
        #expect(refusal { () throws(DFSError) in try made(("n", largest)) } == nil)
        #expect(refusal { () throws(DFSError) in try made(("n", largest + "v")) } == .invalidArgument)
        #expect(refusal { () throws(DFSError) in try made(("n", largest), ("m", "")) } == .invalidArgument)
    }

    @Test func aChangeSetsReplacesAndRemoves() throws {
        let before = try made(("a", "1"), ("b", "2"), ("c", "3"))
        let after = try before.changed(setting: try made(("b", "new"), ("d", "4")), removing: ["a", "none"])
        #expect(try after == made(("b", "new"), ("c", "3"), ("d", "4")))
        #expect(try before.changed(setting: FileAttributes(), removing: ["a", "b", "c"]).isEmpty)
        #expect(
            refusal { () throws(DFSError) in try before.changed(setting: try made(("b", "")), removing: ["b"]) }
                == .invalidArgument)
    }

    @Test func aChangeMakesRoomBeforeItTakesIt() throws {
        let full = try FileAttributes((0..<64).map { ("\($0)", "") })
        let one = try made(("x", ""))
        #expect(refusal { () throws(DFSError) in try full.changed(setting: one, removing: []) } == .failedPrecondition)
        #expect(try full.changed(setting: one, removing: ["7"]).all.count == 64)
        let heavy = try made(("n", String(repeating: "v", count: 16_000)))
        let other = try made(("m", String(repeating: "v", count: 16_000)))
        #expect(
            refusal { () throws(DFSError) in try heavy.changed(setting: other, removing: []) } == .failedPrecondition)
        #expect(try heavy.changed(setting: other, removing: ["n"]) == other)
    }
}
