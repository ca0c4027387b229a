import ArgumentParser

/// `rpc-bench`: a gRPC server that does nothing but move bytes, and a load for any such server.
@main
struct RPCBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpc-bench", abstract: "Measures what gRPC itself costs.",
        subcommands: [ServeCommand.self, LoadCommand.self])
}
