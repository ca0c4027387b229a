import ArgumentParser

/// `meta-bench`: fills a master's store, and plays the clients and chunk servers of a running master. Each command prints
/// one JSON line.
@main
struct MetaBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "meta-bench", abstract: "Measures a master.",
        subcommands: [
            FillCommand.self, FleetCommand.self, CreateCommand.self, InfoCommand.self, ListCommand.self,
            PauseCommand.self, ScaleCommand.self,
        ])
}
