/// Where a machine stands in the network: `/` and its parts, outermost first, such as `/dc1/rack7/host3`.
///
/// Machines that share all parts but the last share a rack: one switch or power supply may take all of them.
package struct NetworkLocation: Hashable, Sendable, CustomStringConvertible {
    /// As many as a location has parts.
    package static let maxPartCount = 8
    private static let maxByteCount = 255

    /// In its one form: `/` before each part.
    package let description: String
    /// All but the last part.
    package let rack: Substring

    /// Parses a flag or a text from the wire.
    ///
    /// - Throws: ``DFSError`` of code ``DFSError/Code/invalidArgument`` that names the fault.
    package init(_ text: String) throws(DFSError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard text.hasPrefix("/"), parts.count > 1, parts.count <= Self.maxPartCount + 1,
            text.utf8.count <= Self.maxByteCount, parts.dropFirst().allSatisfy({ !$0.isEmpty }),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw DFSError(
                .invalidArgument,
                "\(quoted(text)) is no location; write 1 to \(Self.maxPartCount) parts of visible ASCII, such as /dc1/rack7/host3"
            )
        }
        self.init(known: text)
    }

    /// Of a machine that nobody has placed: hosts of their own, all in one rack.
    package init(host: String) { self.init(known: "/default-rack/\(host)") }

    private init(known text: String) {
        description = text
        rack = text[..<(text.utf8.lastIndex(of: UInt8(ascii: "/")) ?? text.startIndex)]
    }

    /// Steps up from one location to the first part that both share, and down to the other: 0 for the same machine, 2 within a
    /// rack.
    package func distance(to other: NetworkLocation) -> Int {
        if self == other { return 0 }
        let (mine, others) = (parts, other.parts)
        let shared = zip(mine, others).prefix { $0.elementsEqual($1) }.count
        return mine.count + others.count - 2 * shared
    }

    private var parts: [Substring.UTF8View] {
        description.utf8.split(separator: UInt8(ascii: "/")).map { Substring($0).utf8 }
    }

    package static func == (left: NetworkLocation, right: NetworkLocation) -> Bool {
        left.description.utf8.elementsEqual(right.description.utf8)
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(description) }
}
