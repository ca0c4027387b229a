import Foundation

/// A page of metrics, read as strictly as Prometheus' text format 0.0.4 allows, and with the rules of `promtool check metrics`.
struct PrometheusText {
    /// Samples under one name, with their label sets.
    struct Family {
        let name: String
        let type: String
        var samples: [(name: String, labels: [String: String], value: Double)] = []

        /// All names of labels.
        var labelNames: Set<String> { Set(samples.flatMap(\.labels.keys)) }
    }

    private(set) var families: [String: Family] = [:]
    private var current: String?
    private var helped: Set<String> = []
    private var series: Set<String> = []

    /// - Throws: ``FixtureError`` that quotes the first line which is against the format.
    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw FixtureError("the last line does not end") }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            do {
                try read(String(line))
            } catch {
                throw FixtureError("\(error), in: \(line)")
            }
        }
        for family in families.values { try Self.check(family) }
    }

    private mutating func read(_ line: String) throws {
        if let match = line.wholeMatch(of: /# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)/) {
            try begin(String(match.2), match.1 == "TYPE" ? String(match.3) : nil)
        } else {
            try add(line)
        }
    }

    /// HELP first, then TYPE, then samples, and nothing of a family behind another one.
    private mutating func begin(_ name: String, _ type: String?) throws {
        guard let type else {
            guard helped.insert(name).inserted else { throw FixtureError("a second HELP") }
            return
        }
        guard helped.contains(name) else { throw FixtureError("no HELP before TYPE") }
        guard ["counter", "gauge", "histogram", "summary", "untyped"].contains(type) else {
            throw FixtureError("no such type")
        }
        guard families[name] == nil else { throw FixtureError("a second TYPE") }
        families[name] = Family(name: name, type: type)
        current = name
    }

    private mutating func add(_ line: String) throws {
        let form = /([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)/
        guard let match = line.wholeMatch(of: form) else { throw FixtureError("no sample") }
        let name = String(match.1)
        guard let current, let type = families[current]?.type else { throw FixtureError("a sample before a TYPE") }
        let suffixes = type == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
        guard suffixes.contains(where: { current + $0 == name }) else { throw FixtureError("a sample of no family") }
        let labels = try Self.labels(match.2.map(String.init) ?? "")
        let key = "\(name) \(labels.sorted { $0.key < $1.key })"
        guard series.insert(key).inserted else { throw FixtureError("a series that was there before") }
        families[current]?.samples.append((name, labels, try Self.number(String(match.3))))
    }

    private static func labels(_ text: String) throws -> [String: String] {
        var rest = Substring(text)
        var found: [String: String] = [:]
        while !rest.isEmpty {
            guard let match = rest.prefixMatch(of: /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/) else {
                throw FixtureError("labels that cannot be read: \(rest)")
            }
            guard found.updateValue(String(match.2), forKey: String(match.1)) == nil else {
                throw FixtureError("a label that comes twice")
            }
            rest = rest[match.range.upperBound...]
        }
        return found
    }

    private static func number(_ text: String) throws -> Double {
        switch text {
        case "+Inf": return .infinity
        case "-Inf": return -.infinity
        case "NaN": return .nan
        default:
            guard text.wholeMatch(of: /[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?/) != nil, let value = Double(text)
            else {
                throw FixtureError("no number")
            }
            return value
        }
    }

    /// The rules for names, and for the buckets of a histogram.
    private static func check(_ family: Family) throws {
        guard family.name.wholeMatch(of: /[a-z_][a-z0-9_]*/) != nil else {
            throw FixtureError("\(family.name): not in small letters")
        }
        guard (family.type == "counter") == family.name.hasSuffix("_total") else {
            throw FixtureError("\(family.name): counters, and nothing else, end in _total")
        }
        for suffix in ["_bucket", "_sum", "_count"] where family.name.hasSuffix(suffix) {
            throw FixtureError("\(family.name): \(suffix) belongs to histograms")
        }
        if family.type == "counter", let sample = family.samples.first(where: { !($0.value >= 0) }) {
            throw FixtureError("\(sample): a counter below 0")
        }
        if family.type == "histogram" { try checkBuckets(family) }
    }

    private static func checkBuckets(_ family: Family) throws {
        let groups = Dictionary(grouping: family.samples) { sample in
            "\(sample.labels.filter { $0.key != "le" }.sorted { $0.key < $1.key })"
        }
        for samples in groups.values {
            var last = (bound: -Double.infinity, count: 0.0)
            for sample in samples where sample.name.hasSuffix("_bucket") {
                let bound = try number(sample.labels["le"] ?? "")
                guard bound > last.bound, sample.value >= last.count else {
                    throw FixtureError("\(sample): buckets do not grow")
                }
                last = (bound, sample.value)
            }
            guard last.bound == .infinity, samples.contains(where: { $0.name.hasSuffix("_sum") }),
                samples.first(where: { $0.name.hasSuffix("_count") })?.value == last.count
            else { throw FixtureError("\(family.name): no +Inf, no sum, or another count") }
        }
    }

    /// The family that a name in a query stands for.
    func family(_ name: String) -> Family? {
        if let found = families[name] { return found }
        let base = ["_bucket", "_sum", "_count"].first(where: name.hasSuffix).map { String(name.dropLast($0.count)) }
        return base.flatMap { families[$0] }.flatMap { $0.type == "histogram" ? $0 : nil }
    }
}
