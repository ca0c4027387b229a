import ArgumentParser
import DFSClient
import DFSCommandLine
import DFSCore
import Logging

/// `admin report`, `admin decommission|maintenance|recommission <server>`, `admin balance`, `admin repair`
struct AdminCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "admin",
        summary: "Look at the cluster, take chunk servers out of service and back, even out how full they are.",
        discussion: """
            report                        servers, chunks, repair, balance, in numbers
            decommission <server>         empty a chunk server for good; it can be stopped once it is decommissioned
            maintenance <server> -for 2h  let a chunk server be away for a time without its chunks being copied
            recommission <server>         take it back into service
            balance                       move chunks from fuller servers to emptier ones; -stop ends it
            repair                        how lost copies are made again; with limits, changes them until the master ends

            <server> is an address as df and report show it. With -wait the command returns when the server can be stopped; \
            without, it tells what is in the way, and asking again tells more. Flags may stand anywhere.
            """)

    private static let waitFlag = FlagDeclaration.toggle(
        "wait", help: "admin: return when the server can be stopped.")
    private static let timeFlag = FlagDeclaration.value(
        "for", GoDuration.self, help: "admin maintenance: how long the server may be away.")
    private static let thresholdFlag = FlagDeclaration.value(
        "threshold", Percentage.self,
        help: "admin balance: how far a server's use may be from the mean, in percent; 10 unless given.")
    private static let rateFlag = FlagDeclaration.value(
        "rate", ByteCount.self, help: "admin balance: moved in a second, in the whole cluster; 50MB unless given.")
    private static let stopFlag = FlagDeclaration.toggle("stop", help: "admin balance: begin no more moves.")
    static let flags = [waitFlag, timeFlag, thresholdFlag, rateFlag, stopFlag] + RepairOptions.flags

    @Argument(help: "report, decommission, maintenance, recommission, balance or repair.") var action: String
    @Argument(help: "What the action takes.") var operands: [String] = []
    @Flag(Self.waitFlag) var waits = false
    @Option(Self.timeFlag) var time: GoDuration?
    @Option(Self.thresholdFlag) var threshold: Percentage?
    @Option(Self.rateFlag) var rate: ByteCount?
    @Flag(Self.stopFlag) var stops = false
    @OptionGroup var repair: RepairOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    /// A flag of another action is a mistake, such as `repair -rate` for `repair -cluster-rate`.
    func validate() throws {
        let given: [(flags: String, areGiven: Bool, actions: [String])] = [
            ("-wait", waits, ["decommission", "maintenance"]),
            ("-for", time != nil, ["maintenance"]),
            ("-threshold", threshold != nil, ["balance"]),
            ("-rate", rate != nil, ["balance"]),
            ("-stop", stops, ["balance"]),
            (RepairOptions.flags.map { "-\($0.name)" }.joined(separator: ", "), repair.change != nil, ["repair"]),
        ]
        for (flags, areGiven, actions) in given where areGiven && !actions.contains(action) {
            throw ValidationError("\(flags): for admin \(actions.joined(separator: " and ")), not for admin \(action)")
        }
    }

    func execute(logger: Logger) async throws {
        try await client.withClient(logger: logger) { client in
            switch (action, operands.count) {
            case ("report", 0): try await ReportLines(isJSON: output.isJSON).show(client)
            case ("decommission", 1): try await retire(operands[0], .decommissioning, client)
            case ("maintenance", 1):
                guard time != nil else {
                    throw DFSError(.invalidArgument, "say how long the maintenance takes, such as -for 2h")
                }
                try await retire(operands[0], .maintenance, client)
            case ("recommission", 1):
                try ServerLines(isJSON: output.isJSON).show(try await client.setDuty(.normal, of: operands[0]))
            case ("balance", 0): try await balance(client)
            case ("repair", 0): try await RepairLines(isJSON: output.isJSON).show(client, repair.change)
            default:
                throw DFSError(
                    .invalidArgument,
                    "\(quoted(action)) with \(operands.count) operands is nothing that admin does; write report, "
                        + "decommission <server>, maintenance <server> -for <time>, recommission <server>, balance or repair"
                )
            }
        }
    }

    private func retire(_ server: String, _ duty: ServerDuty, _ client: DFSClient) async throws {
        let lines = ServerLines(isJSON: output.isJSON)
        var progress = try await client.setDuty(duty, of: server, for: time?.duration ?? .zero)
        var pause = Duration.milliseconds(200)
        while waits, !progress.isReady {
            do {
                try await Task.sleep(for: pause)
            } catch {
                throw DFSError(
                    .cancelled,
                    "nobody waits for chunk server \(server) any more; it goes on, and admin report shows how far")
            }
            pause = min(pause * 2, .seconds(5))
            progress = try await client.progress(of: server)
            guard progress.duty == duty || progress.duty == .decommissioned && duty == .decommissioning else {
                try lines.show(progress)
                throw DFSError(
                    .failedPrecondition,
                    "chunk server \(server) is \(progress.duty.rawValue) now: somebody else changed it, or its time is over"
                )
            }
        }
        try lines.show(progress)
    }

    private func balance(_ client: DFSClient) async throws {
        let progress =
            stops
            ? try await client.stopBalance()
            : try await client.balance(
                thresholdPPM: threshold?.partsPerMillion ?? 100_000, bytesPerSecond: rate?.bytes ?? 50 << 20)
        if output.isJSON {
            try StandardOutput.print(JSONText.object(progress.json))
        } else {
            try StandardOutput.print(progress.line)
        }
    }
}
