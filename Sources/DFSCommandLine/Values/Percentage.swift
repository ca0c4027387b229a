import DFSCore

/// A share given by a person in percent, from 0 to 100, with up to four digits behind the point.
package struct Percentage: Hashable, Sendable, CustomStringConvertible, FlagValue {
    package static let placeholder = "percent"

    /// Millionths of the whole, at most 1,000,000.
    package let partsPerMillion: Int

    /// - Precondition: from 0 to 1,000,000.
    package init(partsPerMillion: Int) {
        precondition((0...1_000_000).contains(partsPerMillion), "a share is a part of a whole")
        self.partsPerMillion = partsPerMillion
    }

    package init(flag text: String) throws(DFSError) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : ""
        let isNumber = parts.allSatisfy { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } } && !parts[0].isEmpty
        guard isNumber, fraction.utf8.count <= 4, parts.count == 1 || !fraction.isEmpty, let whole = Int(parts[0]),
            whole <= 100, let small = Int(fraction + String(repeating: "0", count: 4 - fraction.utf8.count)),
            whole * 10_000 + small <= 1_000_000
        else {
            throw DFSError(
                .invalidArgument, "\(quoted(text)) is no share; write a percentage from 0 to 100, such as 10 or 2.5")
        }
        partsPerMillion = whole * 10_000 + small
    }

    /// Percent, as ``init(flag:)`` reads it back.
    package var description: String {
        let (whole, rest) = partsPerMillion.quotientAndRemainder(dividingBy: 10_000)
        guard rest > 0 else { return "\(whole)" }
        var digits = String(String(10_000 + rest).dropFirst())
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(whole).\(digits)"
    }

    /// What the help text shows as the default.
    public var defaultValueDescription: String { description }
}
