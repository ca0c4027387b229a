import DFSCore
import Testing

@Suite struct JSONTextTests {
    @Test(arguments: [
        "null", "true", "false", "0", "-12", "9223372036854775807", #""""#, #""a\"b\\\n\u0001\u2028ü😀""#, "[]",
        "[1,[2]]",
        #"{"a":1,"b":[{"c":null}]}"#,
    ])
    func whatIsWrittenIsReadBack(_ text: String) throws {
        #expect(try JSONText(parsing: text).encoded == text)
    }

    @Test func spacesAndEscapesOfOthersAreRead() throws {
        let parsed = try JSONText(parsing: " { \"a\" : [ 1 , \"\\/\\u00fc\\ud83d\\ude00\" ] }\r\n")
        #expect(parsed.encoded == #"{"a":[1,"/ü😀"]}"#)
        #expect(parsed["a"]?.asList?.first?.asNumber == 1 && parsed["b"] == nil)
    }

    @Test(arguments: [
        "", " ", "nul", "1.5", "1e3", "01", "-", "+1", "9223372036854775808", "\"", "\"\\x\"", "\"\\ud800\"",
        "\"\\u+123\"",
        "\"\u{01}\"", "[1,]", "[1", "{\"a\"}", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "{1:2}", "1 2", "tru", "[1}",
    ])
    func anythingElseIsAnError(_ text: String) {
        #expect(throws: DFSError.self) { try JSONText(parsing: text) }
    }

    @Test func depthIsBounded() {
        #expect(throws: DFSError.self) {
            try JSONText(parsing: String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000))
        }
    }
}
