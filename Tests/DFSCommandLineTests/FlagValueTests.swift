import DFSCore
import Logging
import Testing

@testable import DFSCommandLine

/// Values of flags and environment variables.
struct FlagValueTests {
    @Test(arguments: [
        ("0", 0), ("67108864", 67_108_864), ("12B", 12), ("1KB", 1024), ("1KiB", 1024), ("64MB", 64 << 20),
        ("64 MB", 64 << 20), ("64mib", 64 << 20), ("1GB", 1 << 30), ("2GiB", 2 << 30),
    ])
    func sizesArePowersOfTwo(text: String, bytes: Int) throws {
        #expect(try ByteCount(flag: text).bytes == bytes)
    }

    @Test(arguments: [
        ("0", 0), ("10", 100_000), ("2.5", 25_000), ("0.0001", 1), ("100", 1_000_000), ("099.9999", 999_999),
    ])
    func sharesAreReadToMillionths(text: String, partsPerMillion: Int) throws {
        #expect(try Percentage(flag: text).partsPerMillion == partsPerMillion)
        let again = try Percentage(flag: Percentage(partsPerMillion: partsPerMillion).description)
        #expect(again.partsPerMillion == partsPerMillion)
    }

    @Test(arguments: ["", ".", ".5", "5.", "-1", "101", "100.0001", "1.00001", "1e1", "10%", "１"])
    func whatIsNoShareIsRefused(text: String) {
        #expect(throws: DFSError.self) { try Percentage(flag: text) }
    }

    @Test(arguments: ["", "MB", "-1", "1.5MB", "64XB", "9223372036854775807KB", "64MB ", "0x10"])
    func whatIsNoSizeIsRefused(text: String) {
        #expect(throws: DFSError.self) { try ByteCount(flag: text) }
    }

    @Test(arguments: [0, 1, 1023, 1024, 64 << 20, (64 << 20) + 1, 3 << 30])
    func sizeReadsBackFromItsDescription(bytes: Int) throws {
        #expect(try ByteCount(flag: ByteCount(bytes: bytes).description).bytes == bytes)
    }

    @Test(arguments: [
        ("0", Duration.zero, "0s"), ("30s", .seconds(30), "30s"), ("1m30s", .seconds(90), "1m30s"),
        ("500ms", .milliseconds(500), "500ms"), ("1.5h", .seconds(5400), "1h30m0s"),
        (".5s", .milliseconds(500), "500ms"),
        ("2us", .microseconds(2), "2µs"), ("7ns", .nanoseconds(7), "7ns"), ("1.25s", .milliseconds(1250), "1.25s"),
        ("+1s", .seconds(1), "1s"), ("1h", .seconds(3600), "1h0m0s"),
    ])
    func durationsAreReadAndWrittenAsGoDoes(text: String, duration: Duration, written: String) throws {
        let value = try GoDuration(flag: text)
        #expect(value.duration == duration)
        #expect(value.description == written)
    }

    @Test(arguments: ["", "30", "s", "-1s", "1m30", "1 s", ".s", "1x", "9999999999999h", "1.2.3s"])
    func whatIsNoDurationIsRefused(text: String) {
        #expect(throws: DFSError.self) { try GoDuration(flag: text) }
    }

    @Test func logLevelsTakeGoSpelling() throws {
        #expect(try LogLevel(flag: "WARN").level == .warning)
        #expect(try LogLevel(flag: "debug").level == .debug)
        #expect(throws: DFSError.self) { try LogLevel(flag: "loud") }
        #expect(throws: DFSError.self) { try LogFormat(flag: "xml") }
    }
}
