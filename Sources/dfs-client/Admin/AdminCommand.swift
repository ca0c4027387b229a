import ArgumentParser
import DFSClient
import DFSCommandLine
import DFSCore
import Logging

/// `admin repair [<limits>] [-go-on]`
struct AdminCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "admin", summary: "Look at how the cluster keeps its copies, and change how much of that it does at a time.",
        discussion: """
            repair                        how lost copies are made again; with limits, changes them until the master ends

            Flags may stand anywhere.
            """)

    static let flags = RepairOptions.flags

    @Argument(help: "repair.") var action: String
    @Argument(help: "What the action takes.") var operands: [String] = []
    @OptionGroup var repair: RepairOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    func execute(logger: Logger) async throws {
        try await client.withListingClient(logger: logger) { client in
            switch (action, operands.count) {
            case ("repair", 0): try await RepairLines(isJSON: output.isJSON).show(client, repair.change)
            default:
                throw DFSError(
                    .invalidArgument,
                    "\(quoted(action)) with \(operands.count) operands is nothing that admin does; write repair")
            }
        }
    }
}
