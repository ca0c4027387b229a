import ArgumentParser
import DFSClient
import DFSCommandLine
import Logging

/// `append [-create] [-records] <local-file> <path>`
struct AppendCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "append", summary: "Add to the end of a file; done when every replica is on disk.",
        discussion: """
            Without -records the bytes are added as they are, once, and nobody else can append meanwhile. With -records each \
            line is a record, and any number of clients may append at once; read them with cat -records.
            """)
    static let flags = [createFlag, recordsFlag]
    private static let createFlag = FlagDeclaration.toggle(
        "create", help: "append: make the file where there is none.")
    static let recordsFlag = FlagDeclaration.toggle(
        "records", help: "append, cat: records, each of which is a line here.")

    @Argument(help: "The file to add; - is standard input, up to its end.") var localFile: String
    @Argument(help: "The path in the cluster.") var remoteName: String
    @Flag(Self.createFlag) var creates = false
    @Flag(Self.recordsFlag) var areRecords = false
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    func execute(logger: Logger) async throws {
        let options = AppendOptions(creates: creates, replication: client.cluster.givenReplication)
        try await client.withClient(logger: logger) { client in
            if areRecords {
                print("\(remoteName): \(try await appendLines(options, client)) records appended")
            } else {
                print("\(remoteName): \(try await appendBytes(options, client)) bytes appended")
            }
        }
    }

    private func appendBytes(_ options: AppendOptions, _ client: DFSClient) async throws -> Int {
        localFile == "-"
            ? try await client.append(from: 0, named: "standard input", to: remoteName, options: options)
            : try await client.append(localFile, to: remoteName, options: options)
    }

    private func appendLines(_ options: AppendOptions, _ client: DFSClient) async throws -> Int {
        localFile == "-"
            ? try await client.appendLines(from: 0, named: "standard input", to: remoteName, options: options)
            : try await client.appendLines(of: localFile, to: remoteName, options: options)
    }
}
