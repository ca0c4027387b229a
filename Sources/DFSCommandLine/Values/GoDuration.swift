import DFSCore

/// A span of time as Go writes it: `30s`, `1m30s`, `500ms`, `1.5h`, `0`.
///
/// Units are `ns`, `us` (or `µs`), `ms`, `s`, `m` and `h`; every number but a lone `0` needs one. Negative spans are
/// refused: no setting means one.
package struct GoDuration: Hashable, Sendable, CustomStringConvertible, FlagValue {
    package static let placeholder = "duration"

    package let duration: Duration

    package init(_ duration: Duration) { self.duration = duration }

    package init(flag text: String) throws(DFSError) {
        guard let nanoseconds = Self.nanoseconds(text) else {
            throw DFSError(
                .invalidArgument,
                "\(quoted(text)) is not a duration; write a number with a unit, such as 30s, 1m30s or 500ms")
        }
        duration = .nanoseconds(nanoseconds)
    }

    /// Written by Go's rules: `1m30s`, `500ms`, `0s`.
    package var description: String {
        let total = duration.nanoseconds
        if total == 0 { return "0s" }
        if total < 1_000_000_000 {
            let (unit, size) = total < 1_000 ? ("ns", 1) : total < 1_000_000 ? ("µs", 1_000) : ("ms", 1_000_000)
            return Self.decimal(total, per: Int64(size)) + unit
        }
        let (hours, minutes) = (total / 3_600_000_000_000, total / 60_000_000_000 % 60)
        let seconds = Self.decimal(total % 60_000_000_000, per: 1_000_000_000) + "s"
        if hours > 0 { return "\(hours)h\(minutes)m\(seconds)" }
        return minutes > 0 ? "\(minutes)m\(seconds)" : seconds
    }

    /// What the help text shows as the default.
    public var defaultValueDescription: String { description }

    private static let unitNanoseconds: [String: Int64] = [
        "ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000,
        "h": 3_600_000_000_000,
    ]

    /// `nil` where `text` is no duration or too long for 64 bits.
    private static func nanoseconds(_ text: String) -> Int64? {
        var rest = text.hasPrefix("+") ? text.dropFirst() : text[...]
        if rest == "0" { return 0 }
        guard !rest.isEmpty else { return nil }
        var total: Int64 = 0
        while !rest.isEmpty {
            let number = rest.prefix { $0 == "." || ("0"..."9").contains($0) }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { $0 != "." && !("0"..."9").contains($0) }
            rest = rest.dropFirst(unit.count)
            guard let size = unitNanoseconds[String(unit)], let part = scaled(number, by: size) else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            if overflow { return nil }
            total = sum
        }
        return total
    }

    /// `number`, digits with at most one point, times `size`; digits beyond a nanosecond are cut.
    private static func scaled(_ number: Substring, by size: Int64) -> Int64? {
        let parts = number.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard number.contains(where: { $0 != "." }), let whole = Int64("0" + parts[0]) else { return nil }
        var (total, overflow) = whole.multipliedReportingOverflow(by: size)
        if overflow { return nil }
        guard parts.count == 2 else { return total }
        var place = size
        for character in parts[1] {
            guard let digit = character.wholeNumberValue else { return nil }
            place /= 10
            (total, overflow) = total.addingReportingOverflow(Int64(digit) * place)
            if overflow { return nil }
        }
        return total
    }

    /// `value / unit` with as many decimals as it needs.
    private static func decimal(_ value: Int64, per unit: Int64) -> String {
        guard value % unit != 0 else { return "\(value / unit)" }
        var (fraction, place, digits) = (value % unit, unit, "")
        while fraction > 0 {
            place /= 10
            digits += "\(fraction / place)"
            fraction %= place
        }
        return "\(value / unit).\(digits)"
    }
}
