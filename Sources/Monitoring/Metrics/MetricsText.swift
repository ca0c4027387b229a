/// Metrics in the text format of Prometheus, version 0.0.4 (Prometheus documentation, "Exposition formats").
package struct MetricsText: Sendable {
    /// What a value means when it changes.
    package enum Kind: String, Sendable {
        /// Goes up; from 0 after a restart.
        case counter
        /// Goes up and down.
        case gauge
        /// Counts by upper bounds, a sum and a count.
        case histogram
    }

    /// A label's name and value.
    package typealias Label = (name: String, value: String)

    /// All of it.
    package private(set) var text = ""
    private var family = ""

    package init() {}

    /// Begins a family; the samples that follow belong to it.
    ///
    /// - Parameter name: letters, digits and `_`, with its unit and, for counters, `_total` at its end.
    package mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        family = name
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// One value of the family.
    ///
    /// - Parameter suffix: for the parts of a histogram, such as `_sum`.
    package mutating func add(_ value: some BinaryInteger, suffix: String = "", _ labels: [Label] = []) {
        line(suffix, labels, "\(value)")
    }

    /// The same of a number with a fraction.
    package mutating func add(_ value: Double, suffix: String = "", _ labels: [Label] = []) {
        line(suffix, labels, Self.number(value))
    }

    /// A family of one value.
    package mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: some BinaryInteger) {
        begin(name, kind, help)
        add(value)
    }

    /// A family of one value that is 1 or 0.
    package mutating func flag(_ name: String, _ help: String, _ value: Bool) {
        single(name, .gauge, help, value ? 1 : 0)
    }

    private mutating func line(_ suffix: String, _ labels: [Label], _ value: String) {
        text += family + suffix
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
            text += "{\(pairs.joined(separator: ","))}"
        }
        text += " \(value)\n"
    }

    /// As Prometheus reads it; Swift writes infinity in another way.
    static func number(_ value: Double) -> String {
        value == .infinity ? "+Inf" : value == -.infinity ? "-Inf" : value.isNaN ? "NaN" : "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
