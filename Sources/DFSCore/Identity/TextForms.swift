/// `text` between quotes, with control characters escaped and cut to a length that fits a log line.
package func quoted(_ text: String) -> String {
    let limit = 120
    var result = "\""
    for scalar in text.unicodeScalars {
        if result.utf8.count > limit {
            result += "…"
            break
        }
        result += scalar.escaped(asASCII: false)
    }
    return result + "\""
}

/// `value` in lower-case hexadecimal with at least `digits` digits.
package func hex(_ value: UInt64, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}
