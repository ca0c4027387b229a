import ArgumentParser
import DFSClient
import DFSCommandLine
import Logging

/// `cat <path>...`
struct CatCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "cat", summary: "Write files to standard output, one after the other; the first that fails ends it.",
        discussion: """
            With -offset and -length only that part of each file; what lies behind its end is left out. With -records the \
            records that were appended to the files, a line each; one that came twice is written once.
            """)
    private static let offsetFlag = FlagDeclaration.value(
        "offset", ByteCount.self, help: "cat: the first byte to write.")
    private static let lengthFlag = FlagDeclaration.value(
        "length", ByteCount.self, help: "cat: how many bytes to write; to the end if not given.")
    static let flags = [offsetFlag, lengthFlag]

    @Argument(help: "The files; patterns too.") var paths: [String]
    @Option(Self.offsetFlag) var offset = ByteCount(bytes: 0)
    @Option(Self.lengthFlag) var length: ByteCount?
    @Flag(AppendCommand.recordsFlag) var areRecords = false
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        guard !areRecords || (offset.bytes == 0 && length == nil) else {
            throw ValidationError("-records does not go with -offset and -length; records are read from the first on")
        }
    }

    func execute(logger: Logger) async throws {
        try await client.withClient(logger: logger) { client in
            for pattern in paths {
                try await client.forEachMatch(of: pattern) { path, _ in
                    if areRecords {
                        try await client.writeRecordsToStandardOutput(path)
                    } else {
                        try await client.writeToStandardOutput(path, range)
                    }
                }
            }
        }
    }

    private var range: Range<Int> {
        offset.bytes..<(offset.bytes + min(length?.bytes ?? .max, Int.max - offset.bytes))
    }
}

extension DFSClient {
    /// Writes a file to standard output; where its reader has gone away, nobody is left to tell.
    func writeToStandardOutput(_ path: String, _ range: Range<Int> = 0..<Int.max) async throws {
        try await ending { try await self.read(path, range: range, to: 1, named: "standard output") }
    }

    /// Writes the records of a file to standard output.
    func writeRecordsToStandardOutput(_ path: String) async throws {
        try await ending { try await self.writeRecords(of: path, to: 1, named: "standard output") }
    }

    private func ending(_ write: () async throws -> some Sendable) async throws {
        do {
            _ = try await write()
        } catch let error as DFSError where error.code == .cancelled && !Task.isCancelled {
            throw SilentFailure()
        }
    }
}
