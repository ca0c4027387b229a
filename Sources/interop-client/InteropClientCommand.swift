import ArgumentParser
import DFSCommandLine
import DFSCore
import Logging
import RPC
import RPCInterop

/// `interop-client`: runs gRPC's interop tests against a server, with the flags that gRPC's interop clients have.
///
/// One line a case on standard output, `PASSED <case>` or `FAILED <case>: <why>`; ends with 1 where one failed.
@main
struct InteropClientCommand: Program, ProgramCommand {
    private static let hostFlag = FlagDeclaration.value(
        "server_host", String.self, help: "The server's host.", placeholder: "host")
    private static let portFlag = FlagDeclaration.value(
        "server_port", Int.self, help: "The server's port.", placeholder: "port")
    private static let caseFlag = FlagDeclaration.value(
        "test_case", String.self, help: "The case to run, several with commas between them, or all.",
        placeholder: "case")
    private static let tlsFlag = FlagDeclaration.toggle("use_tls", help: "Speak TLS instead of plaintext.")
    private static let authorityFlag = FlagDeclaration.value(
        "ca_file", String.self, help: "Certificates to trust instead of the system's, PEM.", placeholder: "file")
    private static let overrideFlag = FlagDeclaration.value(
        "server_host_override", String.self, help: "The name that the server's certificate must have.",
        placeholder: "host")

    static let configuration = CommandConfiguration.program(
        "interop-client", summary: "Runs the interop tests of gRPC against a server.",
        discussion: "Cases: \(InteropCase.all.map(\.name).joined(separator: ", ")).")
    static let flags =
        [hostFlag, portFlag, caseFlag, tlsFlag, authorityFlag, overrideFlag] + SoakOptions.flags + SharedOptions.flags

    @Option(Self.hostFlag) var host = "localhost"
    @Option(Self.portFlag) var port = 10_000
    @Option(Self.caseFlag) var testCase = "all"
    @Flag(Self.tlsFlag) var usesTLS = false
    @Option(Self.authorityFlag) var authorityFile: String?
    @Option(Self.overrideFlag) var hostOverride: String?
    @OptionGroup var soak: SoakOptions
    @OptionGroup var shared: SharedOptions

    static func main() async {
        await runProgram(Self.self)
    }

    func validate() throws {
        guard (1...65_535).contains(port) else { throw ValidationError("--server_port: write 1 to 65535") }
        guard usesTLS || (authorityFile == nil && hostOverride == nil) else {
            throw ValidationError("--ca_file and --server_host_override mean nothing without --use_tls")
        }
        _ = try cases()
    }

    func execute(logger: Logger) async throws {
        let tls = try makeTLS(logger: logger)
        let (cases, host, port, settings) = (try cases(), host, UInt16(port), soak.settings)
        try await runInterruptibly(logger: logger) {
            var failed = 0
            for test in cases {
                let failure = await InteropClient.run(
                    test, host: host, port: port, tls: tls, soak: settings, logger: logger)
                print(failure.map { "FAILED \(test.name): \($0)" } ?? "PASSED \(test.name)")
                if failure != nil { failed += 1 }
            }
            if failed > 0 { throw DFSError(.failedPrecondition, "\(failed) of \(cases.count) cases failed") }
        }
    }

    /// `nil` is plaintext. Reads files, and blocks for that moment.
    private func makeTLS(logger: Logger) throws -> ClientTLS? {
        guard usesTLS else { return nil }
        var configuration = ClientTLS.Configuration(trust: authorityFile.map { .file($0) } ?? .system)
        configuration.serverName = hostOverride
        do throws(RPCError) {
            return try ClientTLS(configuration, logger: logger)
        } catch {
            throw DFSError(.failedPrecondition, error.message)
        }
    }

    private func cases() throws -> [InteropCase] {
        if testCase == "all" { return InteropCase.all }
        return try testCase.split(separator: ",").map { name in
            guard let found = InteropCase.all.first(where: { $0.name == name }) else {
                let known = InteropCase.all.map(\.name).joined(separator: ", ")
                throw ValidationError("--test_case: there is no case \(name); write all, or one of \(known)")
            }
            return found
        }
    }
}
