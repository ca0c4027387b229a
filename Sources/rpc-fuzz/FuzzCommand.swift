import ArgumentParser
import Foundation

/// Feeds the gRPC layer with made-up and mutated input until something breaks or the time is up.
@main
struct FuzzCommand: ParsableCommand {
    enum Kind: String, ExpressibleByArgument, CaseIterable { case session, server, message }

    static let configuration = CommandConfiguration(
        commandName: "rpc-fuzz", abstract: "Feed the gRPC layer with made-up input.",
        discussion: "Input n of a run with seed s is that of seed s + n: --seed with --count 1 repeats one.")

    @Option(help: "What to feed: \(Kind.allCases.map(\.rawValue).joined(separator: ", ")); all in turn unless given.")
    var target: Kind?
    @Option(help: "Seconds for each target.")
    var seconds = 10.0
    @Option(help: "Seed of the first input; from the clock unless given.")
    var seed: UInt64?
    @Option(help: "Inputs for each target; as many as the time allows unless given.")
    var count: UInt64?
    @Option(help: "Folder of the recordings to mutate.")
    var corpus = "Tests/Interop/golden"
    @Option(help: "File that the seed is written to before each input, so that a trap leaves it behind.")
    var journal = ".build/rpc-fuzz.journal"

    func run() throws {
        let corpus = try FuzzCorpus(folder: corpus)
        let seed = seed ?? UInt64(Date().timeIntervalSince1970)
        for kind in target.map({ [$0] }) ?? Kind.allCases {
            print("rpc-fuzz --target \(kind.rawValue) --seed \(seed)")
            try feed(kind, seed, corpus)
        }
    }

    private func feed(_ kind: Kind, _ first: UInt64, _ corpus: FuzzCorpus) throws {
        let target: any FuzzTarget =
            switch kind {
            case .session: SessionTarget(corpus: corpus)
            case .server: ServerTarget(corpus: corpus)
            case .message: MessageTarget(corpus: corpus)
            }
        try Data().write(to: URL(fileURLWithPath: journal))
        let journal = try FileHandle(forWritingTo: URL(fileURLWithPath: journal))
        let end = ContinuousClock.now + .seconds(seconds)
        var done: UInt64 = 0
        while done < count ?? .max, ContinuousClock.now < end {
            let seed = first &+ done
            try journal.seek(toOffset: 0)
            try journal.write(contentsOf: Data("--target \(kind.rawValue) --count 1 --seed \(seed)\n".utf8))
            var random = FuzzRandom(seed: seed)
            do {
                try target.run(&random)
            } catch {
                print("found: \(error)\nagain with: rpc-fuzz --target \(kind.rawValue) --count 1 --seed \(seed)")
                throw ExitCode.failure
            }
            done += 1
        }
        print("\(kind.rawValue): \(done) inputs, nothing found")
    }
}
