import DFSSimulation
import Foundation

/// Many runs, and what came of them together.
struct Campaign {
    let canary: Canary?
    let showsTrace: Bool
    let traceLimit: Int
    private(set) var failed: [UInt64] = []
    private var tally = Tally()
    private var count = 0
    private var simulatedSeconds = 0.0
    private var eventCount: UInt64 = 0
    private var slowest = 0.0
    private let began = Date()

    init(canary: Canary?, showsTrace: Bool, traceLimit: Int) {
        self.canary = canary
        self.showsTrace = showsTrace
        self.traceLimit = traceLimit
    }

    mutating func run(_ seed: UInt64) {
        let report = Simulation(seed: seed, canary: canary, traceLimit: traceLimit).run()
        count += 1
        tally.add(report.tally)
        simulatedSeconds += report.simulatedSeconds
        eventCount += report.eventCount
        slowest = max(slowest, report.secondsToConverge)
        if showsTrace || report.violation != nil { print(report.tail.joined(separator: "\n")) }
        if let violation = report.violation {
            failed.append(seed)
            print("seed \(seed): \(violation)")
            print("replay it: make sim SEED=\(seed)")
        } else if showsTrace {
            print("seed \(seed): all is well; hash \(String(report.hash, radix: 16))")
        }
    }

    func tell() {
        let seconds = Date().timeIntervalSince(began)
        print(
            String(
                format: "%d seeds in %.1f s: %.1f a second, %.1f simulated hours, %d events a second; "
                    + "slowest to be well again: %.0f simulated s",
                count, seconds, Double(count) / seconds, simulatedSeconds / 3600, Int(Double(eventCount) / seconds),
                slowest))
        print("operations")
        for operation in Operation.allCases { tell(operation.rawValue, tally.operations[operation] ?? 0) }
        print("faults")
        for fault in Fault.allCases { tell(fault.rawValue, tally.faults[fault] ?? 0) }
        if !neverSeen.isEmpty { print("never seen: \(neverSeen.joined(separator: ", "))") }
        print(
            "violations: \(failed.count)\(failed.isEmpty ? "" : ", seeds \(failed.map(\.description).joined(separator: " "))")"
        )
    }

    /// From so many seeds on, what never happened is not played at all.
    private static let leastCount = 20

    /// Faults and operations that no seed had, though there were enough seeds.
    var neverSeen: [String] {
        if count < Self.leastCount { return [] }
        return Operation.allCases.filter { tally.operations[$0] == nil }.map(\.rawValue)
            + Fault.allCases.filter { tally.faults[$0] == nil }.map(\.rawValue)
    }

    private func tell(_ name: String, _ count: Int) {
        print("  \(name.padding(toLength: 34, withPad: " ", startingAt: 0)) \(count)")
    }
}
