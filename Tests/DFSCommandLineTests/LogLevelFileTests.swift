import DFSCore
import Foundation
import Logging
import Testing

@testable import DFSCommandLine

struct LogLevelFileTests {
    private func read(_ text: String?) throws -> LogLevel {
        let path = FileManager.default.temporaryDirectory.appending(path: "dfs-level-\(UUID().uuidString)").path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        if let text { try Data(text.utf8).write(to: URL(filePath: path)) }
        return try LogLevelFile(path: path).read()
    }

    @Test(arguments: [("debug", Logger.Level.debug), ("  warn\n", .warning), ("ERROR # for a while", .error)])
    func firstWordIsTheLevel(text: String, level: Logger.Level) throws {
        #expect(try read(text).level == level)
    }

    @Test(arguments: ["", "loud\n", nil])
    func fileWithoutALevelIsRefused(text: String?) {
        let error = #expect(throws: DFSError.self) { try read(text) }
        #expect(error?.message.contains("dfs-level-") == true)
    }

    @Test func levelOfARunningProcessChangesForAllItsLoggersButThoseWithTheirOwn() {
        let handler = LineLogHandler(format: .text, level: .info, sink: LineSink { _ in })
        let (first, second) = (Logger(label: "a") { _ in handler }, Logger(label: "b") { _ in handler })
        var own = first
        own.logLevel = .critical
        handler.threshold.level = .debug
        #expect(first.logLevel == .debug && second.logLevel == .debug && own.logLevel == .critical)
    }
}
