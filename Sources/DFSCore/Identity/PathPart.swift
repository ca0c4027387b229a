/// One part of a file's path: what stands between two `/`.
package struct PathPart: ByteIdentity, CustomStringConvertible {
    package let text: String

    /// Checks a part from a store.
    ///
    /// - Throws: ``DFSError`` of code ``DFSError/Code/invalidArgument`` unless `text` can be a part of a ``FileName``.
    package init(_ text: String) throws(DFSError) {
        guard !text.utf8.contains(UInt8(ascii: "/")) else {
            throw DFSError(.invalidArgument, "\(quoted(text)) is more than one part of a path")
        }
        self.text = try FileName(text).text
    }

    /// A part that was checked when it was first taken.
    package init(known text: String) { self.text = text }

    /// A part of a name that was checked as a whole.
    fileprivate init(checked text: Substring) {
        precondition(!text.utf8.isEmpty, "no part of a name is empty")
        self.text = String(text)
    }

    package var description: String { text }
}

extension FileName {
    /// The name of what stands in the root under `part`.
    package init(_ part: PathPart) { text = part.text }

    /// The parts, outermost first; never empty.
    package var parts: [PathPart] {
        text.utf8.split(separator: UInt8(ascii: "/")).map { PathPart(checked: Substring($0)) }
    }

    /// The last part.
    package var leaf: PathPart {
        let slash = text.utf8.lastIndex(of: UInt8(ascii: "/"))
        return PathPart(checked: slash.map { text[text.utf8.index(after: $0)...] } ?? text[...])
    }
}
