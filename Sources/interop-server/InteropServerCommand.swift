import ArgumentParser
import DFSCommandLine
import DFSCore
import Logging
import RPC
import RPCInterop

/// `interop-server`: serves gRPC's interop tests, with the flags that gRPC's interop servers have.
@main
struct InteropServerCommand: NodeCommand {
    private static let portFlag = FlagDeclaration.value(
        "port", Int.self, help: "Port to listen on, on every interface.", placeholder: "port")
    private static let tlsFlag = FlagDeclaration.toggle("use_tls", help: "Speak TLS instead of plaintext.")
    private static let certificateFlag = FlagDeclaration.value(
        "tls_cert_file", String.self, help: "Certificate chain, PEM.", placeholder: "file")
    private static let keyFlag = FlagDeclaration.value(
        "tls_key_file", String.self, help: "Private key, PEM.", placeholder: "file")

    static let configuration = CommandConfiguration.program(
        "interop-server", summary: "Serves the interop tests of gRPC: grpc.testing.TestService.")
    static let flags = [portFlag, tlsFlag, certificateFlag, keyFlag] + SharedOptions.flags

    @Option(Self.portFlag) var port = 10_000
    @Flag(Self.tlsFlag) var usesTLS = false
    @Option(Self.certificateFlag) var certificateFile: String?
    @Option(Self.keyFlag) var keyFile: String?
    @OptionGroup var shared: SharedOptions

    static func main() async {
        await runProgram(Self.self)
    }

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port: write 0 to 65535") }
        guard !usesTLS || (certificateFile != nil && keyFile != nil) else {
            throw ValidationError("--use_tls needs --tls_cert_file and --tls_key_file")
        }
    }

    func makeNode(logger: Logger) throws -> any Node {
        var identity: TLSIdentity?
        if usesTLS, let certificateFile, let keyFile {
            identity = TLSIdentity(certificateFile: certificateFile, keyFile: keyFile)
        }
        return InteropNode(server: try InteropServer(identity: identity, logger: logger), port: UInt16(port))
    }
}

/// The server as the process runs it.
private struct InteropNode: Node {
    let server: InteropServer
    let port: UInt16

    func start() async throws { try await server.start(port: port) }

    func stop() async { await server.stop() }
}
