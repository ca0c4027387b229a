// Paths as bytes, which is what file systems and the cluster take them for.
//
// Swift's `Character` joins a `/` to a combining mark, a joiner or a variation selector behind it: a search for the character
// `/` passes over such a one, and the index after it over the mark, too.
extension String {
    /// What stands between the `/`, without what is empty.
    package var pathParts: [String] {
        utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
    }

    /// The path of the folder that holds this one, of which a `/` at the end is no part; `nil` for a bare name. `/` is its own.
    package var parentPath: String? {
        var path = utf8[...]
        while path.count > 1, path.last == UInt8(ascii: "/") { path.removeLast() }
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        return slash == path.startIndex ? "/" : String(Substring(path[..<slash]))
    }
}
