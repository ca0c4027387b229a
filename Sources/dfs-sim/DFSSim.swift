import ArgumentParser
import DFSSimulation
import Foundation

/// Runs simulated clusters, a seed each.
@main
struct DFSSim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dfs-sim", abstract: "Hunts for lost data in simulated clusters (docs/decisions/0039).",
        subcommands: [RunSeeds.self, Canaries.self], defaultSubcommand: RunSeeds.self)
}

/// Runs one seed, or new ones for a time.
struct RunSeeds: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run one seed, a range of seeds, or new seeds for a time.")

    @Option(help: "A seed, or a range as 1-100.")
    var seed: String?

    @Option(help: "How many seconds to run new seeds for.")
    var seconds: Double?

    @Option(help: "A known bug to run with: \(Canary.allCases.map(\.rawValue).joined(separator: ", ")).")
    var canary: String?

    @Flag(help: "Show the end of the trace of each run.")
    var trace = false

    @Option(help: "How many lines of a trace to show.")
    var lines = Simulation.usualTraceLimit

    func validate() throws {
        if (seed == nil) == (seconds == nil) { throw ValidationError("give --seed or --seconds") }
        if seed != nil, bounds == nil { throw ValidationError("a seed is a number, or a range as 1-100") }
        if lines < 1 { throw ValidationError("--lines is 1 or more") }
        if let canary, Canary(rawValue: canary) == nil { throw ValidationError("no canary is called \(canary)") }
    }

    private var bounds: ClosedRange<UInt64>? {
        let parts = (seed ?? "").split(separator: "-").compactMap { UInt64($0) }
        guard let first = parts.first, let last = parts.last, parts.count <= 2, first <= last else { return nil }
        return first...last
    }

    func run() throws {
        var campaign = Campaign(canary: canary.flatMap { Canary(rawValue: $0) }, showsTrace: trace, traceLimit: lines)
        if let bounds {
            for seed in bounds { campaign.run(seed) }
        } else {
            let end = Date(timeIntervalSinceNow: seconds ?? 0)
            var random = SystemRandomNumberGenerator()
            // Short enough to be typed.
            while Date() < end { campaign.run(UInt64.random(in: 1...9_999_999_999, using: &random)) }
        }
        campaign.tell()
        if !campaign.failed.isEmpty || !campaign.neverSeen.isEmpty { throw ExitCode.failure }
    }
}

/// Shows that known bugs are found.
struct Canaries: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run with one known bug after the other until each is found.")

    func run() throws {
        var areAllFound = true
        for canary in Canary.allCases {
            let began = Date()
            // A seed that finds something without the bug says nothing of the bug.
            let found = (1...UInt64(canary.seedLimit)).lazy
                .map { Simulation(seed: $0, canary: canary).run() }
                .first { $0.violation != nil && Simulation(seed: $0.seed).run().violation == nil }
            let seconds = String(format: "%.1f", Date().timeIntervalSince(began))
            if let found, let violation = found.violation {
                print(
                    "\(canary.rawValue): found by seed \(found.seed) after \(found.seed) seeds, \(seconds) s: \(violation)"
                )
            } else {
                areAllFound = false
                print("\(canary.rawValue): NOT FOUND by \(canary.seedLimit) seeds, \(seconds) s")
            }
        }
        if !areAllFound { throw ExitCode.failure }
    }
}
