import Glibc

/// Prints one JSON object of numbers, to a thousandth, at once.
package func report(_ fields: KeyValuePairs<String, Double>) {
    let members = fields.map { name, value in "\"\(name)\":\((value * 1000).rounded() / 1000)" }
    print("{\(members.joined(separator: ","))}")
    fflush(nil)
}
