import DFSCore
import Logging
import Synchronization
import Testing

@testable import DFSCommandLine

/// Log lines by the rules of Go's `log/slog` handlers.
struct LineLogHandlerTests {
    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
        var sink: LineSink { LineSink { line in self.all.withLock { $0.append(line) } } }
    }

    private func line(_ format: LogFormat, level: Logger.Level = .info, log: (inout Logger) -> Void) -> String {
        let lines = Lines()
        var logger = Logger(label: "test") { _ in
            LineLogHandler(format: format, level: level, sink: lines.sink) {
                WallTime(seconds: 1_795_374_000, nanoseconds: 7_000_000)
            }
        }
        log(&logger)
        return lines.all.withLock { $0.joined() }
    }

    @Test func textLineIsSlogs() {
        let text = line(.text) {
            $0[metadataKey: "node"] = "n1"
            $0.info("chunk stored", metadata: ["chunk": "a_0", "bytes": "\(64 << 20)", "path": "a b", "empty": ""])
        }
        #expect(
            text == "time=2026-11-22T19:00:00.007Z level=INFO msg=\"chunk stored\" node=n1 bytes=67108864 chunk=a_0 "
                + "empty=\"\" path=\"a b\"\n")
    }

    @Test func jsonLineIsSlogs() {
        let text = line(.json) { $0.warning("a \"b\"\n", metadata: ["k": .array(["x", "y"]), "g": ["h": "1"]]) }
        #expect(
            text == "{\"time\":\"2026-11-22T19:00:00.007Z\",\"level\":\"WARN\",\"msg\":\"a \\\"b\\\"\\n\","
                + "\"g\":{\"h\":\"1\"},\"k\":[\"x\",\"y\"]}\n")
    }

    @Test(arguments: [
        ("plain", "plain"), ("C:\\x", "C:\\x"), ("a=b", "\"a=b\""), ("say \"x\"", "\"say \\\"x\\\"\""), ("", "\"\""),
        ("tab\there", "\"tab\\there\""), ("\u{1B}[31m", "\"\\x1b[31m\""), ("é", "é"), ("a\u{A0}b", "\"a\\u00a0b\""),
        ("line\nnext", "\"line\\nnext\""), ("\u{200B}", "\"\\u200b\""), ("日本", "日本"),
    ])
    func quotingIsSlogs(text: String, written: String) {
        #expect(TextLine.quotedIfNeeded(text) == written)
    }

    @Test func groupsAndListsAreFlat() {
        let text = line(.text) { $0.info("m", metadata: ["g": ["b": "2", "a": "1"], "l": .array(["x", "y"])]) }
        #expect(text.hasSuffix(" msg=m g.a=1 g.b=2 l=\"[x y]\"\n"))
    }

    @Test func eventAttributeReplacesTheLoggersOwn() {
        let text = line(.text) {
            $0[metadataKey: "k"] = "old"
            $0.info("m", metadata: ["k": "new"])
        }
        #expect(text.hasSuffix(" msg=m k=new\n"))
    }

    @Test func levelsBelowTheSetOneAreSilent() {
        #expect(line(.text, level: .error) { $0.warning("m") } == "")
        #expect(line(.text, level: .trace) { $0.trace("m") }.contains("level=DEBUG-4"))
    }

    @Test(arguments: [
        (0, 0, "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00Z"),
        (951_782_400, 120_000_000, "2000-02-29T00:00:00.120Z", "2000-02-29T00:00:00.12Z"),
        (4_107_542_399, 999_999_999, "2100-02-28T23:59:59.999Z", "2100-02-28T23:59:59.999999999Z"),
    ])
    func timesAreRFC3339InUTC(seconds: Int, nanoseconds: Int, milliseconds: String, shortest: String) {
        let time = WallTime(seconds: seconds, nanoseconds: nanoseconds)
        #expect(time.milliseconds == milliseconds)
        #expect(time.shortest == shortest)
    }
}
